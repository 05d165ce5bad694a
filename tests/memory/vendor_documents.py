"""Vendors' documents."""

from collections.abc import Sequence

from marketplace.domain.vendor_documents import VendorDocument
from tests.memory.tables import Tables


class VendorDocuments:
    """Documents of vendors."""

    def __init__(self, tables: Tables) -> None:
        self._documents = tables.vendor_documents

    async def save_many(self, documents: Sequence[VendorDocument]) -> None:
        """Insert or replace by id."""
        self._documents.update({document.id: document for document in documents})

    async def get(self, document_id: str) -> VendorDocument | None:
        """By id."""
        return self._documents.get(document_id)

    async def of_vendor(self, vendor_id: str) -> list[VendorDocument]:
        """Oldest first."""
        found = (row for row in self._documents.values() if row.vendor_id == vendor_id)
        return sorted(found, key=lambda document: document.id)

    async def remove(self, document_id: str) -> None:
        """Delete."""
        self._documents.pop(document_id, None)
