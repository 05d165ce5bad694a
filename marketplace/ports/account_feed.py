"""The feeds of accounts."""

from collections.abc import Collection, Sequence
from typing import Protocol

from marketplace.domain.account_feed import FeedItem


class AccountFeed(Protocol):
    """Each account's items, by position: dense from 1, of which the newest are kept.

    At least the newest `MAX_ITEMS` of an account are kept for their `LIFETIME`; older ones are
    removed.
    """

    async def append(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """Store the items within a transaction, which no other one gets in the way of.

        Returns them with their ids. Nobody sees them before they are numbered.
        """

    async def number(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """The appended items with their positions; not for use in transactions.

        Whatever waits in their accounts' feeds gets the next positions, in the order in which it
        was appended. `heads` does the same, in case the process that appended was killed.
        """

    async def after(self, account_id: str, position: int, limit: int) -> list[FeedItem]:
        """The stored items after a position, oldest first."""

    async def before(self, account_id: str, position: int | None, limit: int) -> list[FeedItem]:
        """The last stored items before a position (or of all), oldest first."""

    async def heads(self, account_ids: Collection[str]) -> dict[str, int]:
        """The highest position of each account; 0 if it was never told anything.

        Numbers what waits in these feeds first.
        """

    async def rename(self, account_id: str, vendor_id: str, name: str) -> None:
        """Put another name for a vendor into what an account was told about it."""

    async def forget(self, account_id: str) -> None:
        """Delete an account's items, and its position."""

    async def newest_head(self, account_id: str) -> int:
        """Like `heads`, but including items not yet acknowledged; not for use in transactions."""
