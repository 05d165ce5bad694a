"""Quotes."""

from typing import Protocol

from marketplace.domain.quotes import Quote


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
