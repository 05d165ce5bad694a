"""Attachments, and each account's latest uploads."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from marketplace.domain.attachments import Attachment, AttachmentState, Owner, Part, not_found
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.policy import Upload
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document


@repository
class MongoAttachments(Collection[Attachment]):
    """Attachments; `claimed_at` is absent unless it is set, so that its index holds few."""

    name = "attachments"
    kind = Attachment

    async def add(self, attachment: Attachment) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(attachment), session=self.session)

    async def get(self, attachment_id: str) -> Attachment | None:
        """The attachment with this id."""
        return await self._get(attachment_id)

    async def get_many(self, attachment_ids: Ids[str]) -> dict[str, Attachment]:
        """Those of these attachments that exist, by id."""
        found = await self._collection.find(
            {"_id": {"$in": list(attachment_ids)}}, session=self.session
        ).to_list(None)
        return {document["_id"]: from_document(document, Attachment) for document in found}

    async def save(self, attachment: Attachment) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": attachment.id}, to_document(attachment), session=self.session
        )

    async def add_part(self, attachment_id: str, number: int, part: Part, at: datetime) -> Part:
        """Add a part unless there is one of this number, in one command."""
        path = f"parts.{number}"
        document = await self._collection.find_one_and_update(
            {"_id": attachment_id, "state": AttachmentState.UPLOADING},
            [
                {
                    "$set": {
                        path: {"$ifNull": [f"${path}", {"$literal": to_document(part)}]},
                        "unused_since": at,
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
            session=self.session,
        )
        if document is None:
            raise not_found()
        return from_document(document["parts"][str(number)], Part)

    async def use(
        self, attachment_ids: Sequence[str], owner: Owner, claimed_at: datetime | None = None
    ) -> None:
        """Give attachments their owner."""
        changed: dict[str, Any] = {"owner": to_document(owner), "unused_since": None}
        if claimed_at is not None:
            changed["claimed_at"] = claimed_at
        await self._collection.update_many(
            {"_id": {"$in": list(attachment_ids)}}, {"$set": changed}, session=self.session
        )

    async def release(self, attachment_ids: Sequence[str], owner: Owner, at: datetime) -> None:
        """Take the owner from those of the attachments that it owns."""
        await self._collection.update_many(
            {"_id": {"$in": list(attachment_ids)}, "owner": to_document(owner)},
            {"$set": {"unused_since": at}, "$unset": {"owner": "", "claimed_at": ""}},
            session=self.session,
        )

    async def settle(self, attachment_id: str, claimed_at: datetime) -> None:
        """Record that the owner is stored."""
        await self._collection.update_one(
            {"_id": attachment_id, "claimed_at": claimed_at},
            {"$unset": {"claimed_at": ""}},
            session=self.session,
        )

    async def remove(self, attachment_id: str) -> None:
        """Delete."""
        await self._collection.delete_one({"_id": attachment_id}, session=self.session)

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Attachment]:
        """The attachments of an account, newest first."""
        return await self._page({"account_id": account_id}, request)

    async def stored_bytes(self, account_id: str) -> int:
        """The bytes of all attachments of an account, read from an index."""
        groups = await self._collection.aggregate(
            [
                {"$match": {"account_id": account_id}},
                {"$group": {"_id": None, "bytes": {"$sum": "$bytes"}}},
            ],
            session=self.session,
        ).to_list(1)
        return int(groups[0]["bytes"]) if groups else 0

    async def unused(self, before: datetime, limit: int) -> list[Attachment]:
        """Attachments that nothing has owned since before this moment, oldest first."""
        return await self._older("unused_since", before, limit)

    async def claimed(self, before: datetime, limit: int) -> list[Attachment]:
        """Attachments claimed before this moment whose owner was not looked up yet."""
        return await self._older("claimed_at", before, limit)

    async def _older(self, field: str, before: datetime, limit: int) -> list[Attachment]:
        # `$type` makes the query match the partial indexes.
        condition = {field: {"$lt": before, "$type": "date"}}
        return await self._many(condition, sort=[(field, 1)], limit=limit)


@repository
class MongoUploads(Collection[None]):
    """One document per account, with its latest uploads."""

    name = "uploads"

    async def of(self, account_id: str) -> list[Upload]:
        """The account's stored uploads, oldest first."""
        document = await self._collection.find_one({"_id": account_id}, session=self.session)
        if document is None:
            return []
        return [from_document(upload, Upload) for upload in document["uploads"]]

    async def keep(self, account_id: str, uploads: Sequence[Upload], now: datetime) -> None:
        """Replace the stored uploads; the counter makes this a write even if nothing else changes."""
        kept = [to_document(upload) for upload in uploads]
        await self._collection.update_one(
            {"_id": account_id},
            {"$set": {"uploads": kept, "kept_at": now}, "$inc": {"writes": 1}},
            upsert=True,
            session=self.session,
        )
