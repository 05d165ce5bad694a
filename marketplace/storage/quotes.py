"""Quotes and their revisions."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING

from marketplace.domain.quote_revisions import QuoteRevision
from marketplace.domain.quotes import Quote, QuoteState
from marketplace.storage.collection import Collection, before, repository
from marketplace.storage.documents import from_document, to_document

_MAX_OF_RFI = 1_000


@repository
class MongoQuotes(Collection[Quote]):
    """Quotes, unique by (rfi_id, vendor_id); their revisions are in a separate collection."""

    name = "quotes"
    kind = Quote

    async def add(self, quote: Quote) -> None:
        """Insert."""
        await self._collection.insert_one(_document(quote), session=self.session)

    async def get(self, quote_id: str) -> Quote | None:
        """The quote with this id."""
        return await self._find_one({"_id": quote_id})

    async def save(self, quote: Quote) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": quote.id}, _document(quote), session=self.session
        )

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All quotes of an RFI, oldest first."""
        cursor = self._collection.find(
            {"rfi_id": rfi_id}, session=self.session, sort=[("_id", ASCENDING)], limit=_MAX_OF_RFI
        )
        return await self._numbered(await cursor.to_list(_MAX_OF_RFI))

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """A vendor's quote on an RFI."""
        return await self._find_one({"rfi_id": rfi_id, "vendor_id": vendor_id})

    async def keep_revision(self, revision: QuoteRevision) -> None:
        """Store a revision's figures; a stored revision is not changed."""
        await self._database["quote_revisions"].update_one(
            {"_id": revision.key},
            {"$setOnInsert": to_document(revision)},
            upsert=True,
            session=self.session,
        )

    async def revisions(
        self, quote_id: str, after_revision: int, limit: int
    ) -> list[QuoteRevision]:
        """A quote's stored revisions after a number, in order."""
        cursor = self._database["quote_revisions"].find(
            {"quote_id": quote_id, "revision": {"$gt": after_revision}},
            session=self.session,
            sort=[("revision", ASCENDING)],
            limit=limit,
        )
        return [from_document(document, QuoteRevision) for document in await cursor.to_list(limit)]

    async def revisions_before(
        self, quote_ids: Ids[str], at: datetime, key: str, limit: int
    ) -> list[QuoteRevision]:
        """Stored revisions of these quotes before a position, newest first."""
        cursor = self._database["quote_revisions"].find(
            {"quote_id": {"$in": list(quote_ids)}, **before(at, key)},
            session=self.session,
            sort=[("at", DESCENDING), ("_id", DESCENDING)],
            limit=limit,
        )
        return [from_document(document, QuoteRevision) for document in await cursor.to_list(limit)]

    async def expiring(
        self, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Quote]:
        """Submitted quotes with a `valid_until`, by (last change, id), oldest first."""
        at, quote_id = after
        later = [{"updated_at": {"$gt": at}}, {"updated_at": at, "_id": {"$gt": quote_id}}]
        cursor = self._collection.find(
            {
                "state": QuoteState.SUBMITTED,
                "valid_until": {"$type": "date"},
                "updated_at": {"$lte": until},
                "$or": later,
            },
            session=self.session,
            sort=[("updated_at", ASCENDING), ("_id", ASCENDING)],
            limit=limit,
        )
        return await self._numbered(await cursor.to_list(limit))

    async def _find_one(self, condition: dict[str, Any]) -> Quote | None:
        document = await self._collection.find_one(condition, session=self.session)
        return (await self._numbered([document]))[0] if document is not None else None

    async def _numbered(self, documents: Sequence[dict[str, Any]]) -> list[Quote]:
        """The quotes in documents, each with its revision.

        The previous version runs beside this one during an update. It writes quotes without a
        number and without lines: if it overwrote a stored revision with other figures, that is the
        next revision; if with the same, they still have their lines.
        """
        unnumbered = [document["_id"] for document in documents if "revision" not in document]
        latest = await self._latest_revisions(unnumbered) if unnumbered else {}
        return [_at_revision(from_document(document, Quote), latest) for document in documents]

    async def _latest_revisions(self, quote_ids: list[str]) -> dict[str, QuoteRevision]:
        groups = self._database["quote_revisions"].aggregate(
            [
                {"$match": {"quote_id": {"$in": quote_ids}}},
                {"$sort": {"quote_id": ASCENDING, "revision": DESCENDING}},
                {"$group": {"_id": "$quote_id", "latest": {"$first": "$$ROOT"}}},
            ],
            session=self.session,
        )
        return {
            group["_id"]: from_document(group["latest"], QuoteRevision)
            for group in await groups.to_list(len(quote_ids))
        }


def _document(quote: Quote) -> dict[str, Any]:
    """The quote's document, with its revision even if that is 1.

    A document without a revision was written by the previous version.
    """
    return {**to_document(quote), "revision": quote.revision}


def _at_revision(quote: Quote, revisions: dict[str, QuoteRevision]) -> Quote:
    latest = revisions.get(quote.id)
    if latest is None:
        return quote
    if not latest.has_plain_figures_of(quote):
        return replace(quote, revision=latest.revision + 1)
    return replace(
        quote,
        revision=latest.revision,
        lines=latest.lines,
        attachment_ids=latest.attachment_ids,
    )
