"""The records of blobs."""

from collections.abc import Collection as Ids
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from marketplace.domain.blobs import BlobRecord, Written
from marketplace.errors import Code, ParleyError
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document

# Set before the bytes are deleted: from then on nothing can own the blob.
_NOT_DOOMED = {"is_doomed": {"$exists": False}}


@repository
class MongoBlobRecords(Collection[BlobRecord]):
    """The records of blobs, whichever store has their bytes."""

    name = "blobs"
    kind = BlobRecord

    async def add(self, record: BlobRecord) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(record), session=self.session)

    async def get(self, blob_id: str) -> BlobRecord | None:
        """The record with this id."""
        return await self._get(blob_id)

    async def complete(self, blob_id: str, written: Written) -> BlobRecord:
        """Record that the blob was written whole."""
        document = await self._collection.find_one_and_update(
            {"_id": blob_id, **_NOT_DOOMED},
            {"$set": {"bytes": written.bytes, "sha256": written.sha256}},
            return_document=ReturnDocument.AFTER,
            session=self.session,
        )
        if document is None:
            raise _deleted()
        return from_document(document, BlobRecord)

    async def own(self, blob_ids: Ids[str], owner: str) -> None:
        """Give the blobs their owner."""
        outcome = await self._collection.update_many(
            {"_id": {"$in": list(blob_ids)}, **_NOT_DOOMED},
            {"$set": {"owner": owner, "unused_since": None}},
            session=self.session,
        )
        if outcome.matched_count < len(blob_ids):
            raise _deleted()

    async def disown(self, owner: str, since: datetime) -> list[str]:
        """Take the owner from all of its blobs."""
        found = await self._collection.find(
            {"owner": {"$eq": owner, "$type": "string"}}, {"_id": 1}, session=self.session
        ).to_list(None)
        ids = [document["_id"] for document in found]
        await self._collection.update_many(
            {"_id": {"$in": ids}},
            {"$set": {"unused_since": since}, "$unset": {"owner": ""}},
            session=self.session,
        )
        return ids

    async def doom(self, before: datetime, limit: int) -> list[str]:
        """The ids of blobs that nothing has owned since before this moment."""
        is_unused: dict[str, Any] = {"unused_since": {"$lt": before, "$type": "date"}}
        found = await self._collection.find(
            is_unused, {"_id": 1}, sort=[("unused_since", 1)], limit=limit, session=self.session
        ).to_list(limit)
        ids = [document["_id"] for document in found]
        await self._collection.update_many(
            {"_id": {"$in": ids}, **is_unused}, {"$set": {"is_doomed": True}}, session=self.session
        )
        doomed = await self._collection.distinct(
            "_id", {"_id": {"$in": ids}, "is_doomed": True}, session=self.session
        )
        return [id_ for id_ in ids if id_ in doomed]

    async def remove(self, blob_ids: Ids[str]) -> None:
        """Delete the records of blobs whose bytes were deleted."""
        await self._collection.delete_many({"_id": {"$in": list(blob_ids)}}, session=self.session)


def _deleted() -> ParleyError:
    return ParleyError(
        Code.UNAVAILABLE, "The file was deleted because the upload took too long. Upload it again."
    )
