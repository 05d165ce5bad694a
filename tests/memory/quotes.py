"""Quotes."""

from marketplace.domain.quotes import Quote
from tests.memory.tables import DuplicateError, Tables, insert


class Quotes:
    """Quotes, unique by (rfi_id, vendor_id)."""

    def __init__(self, tables: Tables) -> None:
        self._quotes = tables.quotes

    async def add(self, quote: Quote) -> None:
        """Insert."""
        if await self.of_pair(quote.rfi_id, quote.vendor_id) is not None:
            raise DuplicateError(f"{quote.rfi_id} {quote.vendor_id}")
        insert(self._quotes, quote.id, quote)

    async def get(self, quote_id: str) -> Quote | None:
        """By id."""
        return self._quotes.get(quote_id)

    async def save(self, quote: Quote) -> None:
        """Replace."""
        if quote.id in self._quotes:
            self._quotes[quote.id] = quote

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All of an RFI, in the order they came."""
        found = [each for each in self._quotes.values() if each.rfi_id == rfi_id]
        return sorted(found, key=lambda each: each.id)

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """The one of a vendor on an RFI."""
        found = (each for each in self._quotes.values() if each.rfi_id == rfi_id)
        return next((each for each in found if each.vendor_id == vendor_id), None)
