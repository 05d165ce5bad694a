"""RFIs and their revisions."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import MATERIAL_FIELDS, Revision, Rfi, RfiState
from marketplace.errors import Code, ParleyError
from marketplace.storage.collection import Collection, before, repository
from marketplace.storage.documents import from_document, to_document

# A changed part of a field has the field's name and a dot before its own (`budget.max_minor`).
_MATERIAL_PATH = re.compile(rf"^({'|'.join(sorted(MATERIAL_FIELDS))})(\.|$)")


@repository
class MongoRfis(Collection[Rfi]):
    """RFIs and their revisions in two collections, always written in one transaction."""

    name = "rfis"
    kind = Rfi

    async def add(self, rfi: Rfi, revision: Revision) -> None:
        """Insert a draft with its revision 1."""
        await self._collection.insert_one(to_document(rfi), session=self.session)
        await self._add_revision(revision)

    async def get(self, rfi_id: str) -> Rfi | None:
        """The RFI with this id."""
        return await self._get(rfi_id)

    async def get_many(self, rfi_ids: Sequence[str]) -> dict[str, Rfi]:
        """The RFIs with these ids, by id; missing ones are omitted."""
        documents = await self._collection.find(
            {"_id": {"$in": list(rfi_ids)}}, session=self.session
        ).to_list(None)
        return {document["_id"]: from_document(document, Rfi) for document in documents}

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it is at the previous revision, and add the revision.

        The pipeline's replacement unsets fields at their default and keeps `match_count`.
        """
        if not await self._replace(rfi, revision.revision - 1):
            raise ParleyError(Code.STALE_REVISION, "The RFI has changed. Read it again.")
        await self._add_revision(revision)

    async def rewrite(self, rfi: Rfi, revisions: Sequence[Revision]) -> None:
        """Replace an RFI and some of its revisions without a new revision."""
        if not await self._replace(rfi, rfi.revision) or not revisions:
            return
        documents = [_revision_document(revision) for revision in revisions]
        await self._database["rfi_revisions"].bulk_write(
            [ReplaceOne({"_id": document["_id"]}, document) for document in documents],
            session=self.session,
        )

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Add to `match_count`; writing the RFI makes a concurrent revision a write conflict."""
        await self._collection.update_one(
            {"_id": rfi_id}, {"$inc": {"match_count": change}}, session=self.session
        )

    async def guard(self, rfi_id: str) -> None:
        """Change the RFI's document but not its content: an update without a change is no write."""
        await self._collection.update_one(
            {"_id": rfi_id}, {"$inc": {"guard": 1}}, session=self.session
        )

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """A customer's RFIs, newest first."""
        return await self._page({"customer_id": customer_id}, request)

    async def open_of(self, customer_id: str) -> tuple[int, int]:
        """A customer's number of open RFIs, and the number of vendors these ask for in total."""
        cursor = self._collection.aggregate(
            [
                {"$match": {"customer_id": customer_id, "state": RfiState.OPEN}},
                {"$group": {"_id": None, "rfis": {"$sum": 1}, "asked": {"$sum": "$max_vendors"}}},
            ],
            session=self.session,
        )
        groups = await cursor.to_list(1)
        return (groups[0]["rfis"], groups[0]["asked"]) if groups else (0, 0)

    async def submission(self, rfi_id: str) -> int:
        """The revision at which the RFI was submitted; 0 if it was not."""
        revision = await self._database["rfi_revisions"].find_one(
            {"rfi_id": rfi_id, "cause": "submitted"},
            {"revision": 1},
            session=self.session,
            sort=[("revision", ASCENDING)],
        )
        return int(revision["revision"]) if revision is not None else 0

    async def material_revision(self, rfi_id: str, after_revision: int) -> int:
        """The newest revision after a number that can change a vendor's price; 0 if there is none."""
        revision = await self._database["rfi_revisions"].find_one(
            {
                "rfi_id": rfi_id,
                "revision": {"$gt": after_revision},
                "changes.path": _MATERIAL_PATH,
            },
            {"revision": 1},
            session=self.session,
            sort=[("revision", DESCENDING)],
        )
        return int(revision["revision"]) if revision is not None else 0

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """An RFI's revisions after a number, in order, without gaps."""
        cursor = self._database["rfi_revisions"].find(
            {"rfi_id": rfi_id, "revision": {"$gt": after_revision}},
            session=self.session,
            sort=[("revision", ASCENDING)],
            limit=limit,
        )
        return [from_document(document, Revision) for document in await cursor.to_list(limit)]

    async def revisions_before(
        self, rfi_id: str, at: datetime, revision: int, limit: int
    ) -> list[Revision]:
        """An RFI's revisions before a position in the order of (time, revision), newest first."""
        cursor = self._database["rfi_revisions"].find(
            {"rfi_id": rfi_id, **before(at, revision, "revision")},
            session=self.session,
            sort=[("at", DESCENDING), ("revision", DESCENDING)],
            limit=limit,
        )
        return [from_document(document, Revision) for document in await cursor.to_list(limit)]

    async def changed(
        self, state: RfiState, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Rfi]:
        """RFIs in a state by their last change, oldest first."""
        return await self._changed(state, after, until, limit)

    async def _add_revision(self, revision: Revision) -> None:
        await self._database["rfi_revisions"].insert_one(
            _revision_document(revision), session=self.session
        )

    async def _replace(self, rfi: Rfi, expected: int) -> bool:
        """Replace the RFI if it is at the expected revision."""
        fields = to_document(rfi)
        del fields["match_count"]
        preserved = {"match_count": "$match_count"}
        outcome = await self._collection.update_one(
            {"_id": rfi.id, "revision": expected},
            [{"$replaceWith": {"$mergeObjects": [{"$literal": fields}, preserved]}}],
            session=self.session,
        )
        return outcome.matched_count == 1


def _revision_document(revision: Revision) -> dict[str, Any]:
    return {"_id": f"{revision.rfi_id}:{revision.revision}", **to_document(revision)}
