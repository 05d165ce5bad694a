"""Quotes."""

from typing import Protocol

from marketplace.domain.quotes import Quote, QuoteRevision


class Quotes(Protocol):
    """Quotes, unique by (rfi_id, vendor_id)."""

    async def add(self, quote: Quote) -> None:
        """Insert."""

    async def get(self, quote_id: str) -> Quote | None:
        """By id."""

    async def save(self, quote: Quote) -> None:
        """Replace."""

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All of an RFI, in the order they came."""

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """The one of a vendor on an RFI."""

    async def keep_revision(self, revision: QuoteRevision) -> None:
        """Keep the figures of a revision; one that is kept already stays as it is."""

    async def revisions(
        self, quote_id: str, after_revision: int, limit: int
    ) -> list[QuoteRevision]:
        """Kept revisions after a number, in order."""
