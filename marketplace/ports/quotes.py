"""The port for quotes."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from marketplace.domain.quote_revisions import QuoteRevision
from marketplace.domain.quotes import Quote


class Quotes(Protocol):
    """Quotes, unique by (rfi_id, vendor_id)."""

    async def add(self, quote: Quote) -> None:
        """Insert."""

    async def get(self, quote_id: str) -> Quote | None:
        """The quote with this id."""

    async def save(self, quote: Quote) -> None:
        """Replace."""

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All quotes of an RFI, oldest first."""

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """A vendor's quote on an RFI."""

    async def keep_revision(self, revision: QuoteRevision) -> None:
        """Store a revision's figures; a stored revision is not changed."""

    async def revisions(
        self, quote_id: str, after_revision: int, limit: int
    ) -> list[QuoteRevision]:
        """A quote's stored revisions after a number, in order."""

    async def revisions_before(
        self, quote_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[QuoteRevision]:
        """Stored revisions of these quotes before a position, newest first.

        The order is that of (time, key); a revision's key is `QuoteRevision.key`.
        """

    async def expiring(
        self, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[Quote]:
        """Submitted quotes with a `valid_until`, by (last change, id), oldest first.

        The last change is later than `after`, and at most `until`.
        """
