"""Vendors' documents in MongoDB."""

from collections.abc import Sequence

from pymongo import ASCENDING, ReplaceOne

from marketplace.domain.vendor_documents import MAX_DOCUMENTS, VendorDocument
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoVendorDocuments(Collection[VendorDocument]):
    """Documents of vendors, with an index over the vendor."""

    name = "vendor_documents"
    kind = VendorDocument

    async def save_many(self, documents: Sequence[VendorDocument]) -> None:
        """Insert or replace by id."""
        if documents:
            await self._collection.bulk_write(
                [
                    ReplaceOne({"_id": document.id}, to_document(document), upsert=True)
                    for document in documents
                ],
                session=self.session,
            )

    async def get(self, document_id: str) -> VendorDocument | None:
        """The document with this id."""
        return await self._get(document_id)

    async def of_vendor(self, vendor_id: str) -> list[VendorDocument]:
        """All documents of a vendor, oldest first."""
        return await self._many(
            {"vendor_id": vendor_id}, sort=[("_id", ASCENDING)], limit=MAX_DOCUMENTS
        )

    async def remove(self, document_id: str) -> None:
        """Delete."""
        await self._collection.delete_one({"_id": document_id}, session=self.session)
