"""Quotes."""

from collections.abc import Collection
from datetime import datetime

from marketplace.domain.quote_revisions import QuoteRevision
from marketplace.domain.quotes import Quote, QuoteState
from tests.memory.tables import DuplicateError, Tables, insert


class Quotes:
    """Quotes, unique by (rfi_id, vendor_id)."""

    def __init__(self, tables: Tables) -> None:
        self._quotes = tables.quotes
        self._revisions = tables.quote_revisions

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
        """All quotes on an RFI, in the order they were submitted."""
        found = [quote for quote in self._quotes.values() if quote.rfi_id == rfi_id]
        return sorted(found, key=lambda quote: quote.id)

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """The vendor's quote on an RFI."""
        found = (quote for quote in self._quotes.values() if quote.rfi_id == rfi_id)
        return next((quote for quote in found if quote.vendor_id == vendor_id), None)

    async def keep_revision(self, revision: QuoteRevision) -> None:
        """Store the figures of a revision."""
        self._revisions.setdefault((revision.quote_id, revision.revision), revision)

    async def revisions(
        self, quote_id: str, after_revision: int, limit: int
    ) -> list[QuoteRevision]:
        """Stored revisions after a number, in order."""
        numbers = sorted(n for of, n in self._revisions if of == quote_id and n > after_revision)
        return [self._revisions[quote_id, number] for number in numbers[:limit]]

    async def revisions_before(
        self, quote_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[QuoteRevision]:
        """Before a position in the order of (time, key), newest first."""
        found = [
            revision
            for revision in self._revisions.values()
            if revision.quote_id in quote_ids and (revision.at, revision.key) < (at, key)
        ]
        return sorted(found, key=lambda kept: (kept.at, kept.key), reverse=True)[:limit]

    async def expiring(
        self, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Quote]:
        """Submitted and with an end, by (last change, id), oldest first."""
        found = [
            quote
            for quote in self._quotes.values()
            if quote.state is QuoteState.SUBMITTED
            and quote.valid_until is not None
            and after < (quote.updated_at, quote.id)
            and quote.updated_at <= until
        ]
        return sorted(found, key=lambda quote: (quote.updated_at, quote.id))[:limit]
