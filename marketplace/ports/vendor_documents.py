"""The port for vendors' documents."""

from collections.abc import Sequence
from typing import Protocol

from marketplace.domain.vendor_documents import VendorDocument


class VendorDocuments(Protocol):
    """Documents of vendors.

    Whoever changes one saves its vendor in the same transaction, so that concurrent changes of one
    vendor's documents are serialized.
    """

    async def save_many(self, documents: Sequence[VendorDocument]) -> None:
        """Insert or replace by id."""

    async def get(self, document_id: str) -> VendorDocument | None:
        """The document with this id."""

    async def of_vendor(self, vendor_id: str) -> list[VendorDocument]:
        """All documents of a vendor, oldest first; at most `MAX_DOCUMENTS`."""

    async def remove(self, document_id: str) -> None:
        """Delete."""
