"""The feeds of accounts."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from marketplace.domain.account_feed import MAX_ITEMS, FeedItem
from marketplace.ids import new_id
from tests.memory.tables import Tables


class AccountFeed:
    """Items, unique by (account, position), of which each account keeps the newest."""

    def __init__(self, tables: Tables) -> None:
        self._items = tables.feed_items
        self._heads = tables.feed_heads

    async def append(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """Store the items, with the next positions of their accounts right away."""
        added = [replace(item, id=new_id()) for item in items]
        for item in added:
            head = self._heads[item.account_id] = self._heads.get(item.account_id, 0) + 1
            self._items[item.account_id, head] = replace(item, position=head)
            self._items.pop((item.account_id, head - MAX_ITEMS), None)
        return added

    async def number(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """The same items with their positions."""
        found = {item.id: item for item in self._items.values()}
        return [found[item.id] for item in items if item.id in found]

    async def after(self, account_id: str, position: int, limit: int) -> list[FeedItem]:
        """The stored items after a position, oldest first."""
        return [item for item in self._of(account_id) if item.position > position][:limit]

    async def before(self, account_id: str, position: int | None, limit: int) -> list[FeedItem]:
        """The last stored items before a position (or of all), oldest first."""
        found = self._of(account_id)
        return [item for item in found if position is None or item.position < position][-limit:]

    async def heads(self, account_ids: Collection[str]) -> dict[str, int]:
        """The highest position of each account."""
        return {account_id: self._heads.get(account_id, 0) for account_id in account_ids}

    async def rename(self, account_id: str, vendor_id: str, name: str) -> None:
        """Put another name for a vendor into what an account was told about it."""
        for item in self._of(account_id):
            if item.data.get("vendor_id") == vendor_id and "vendor_name" in item.data:
                data = {**item.data, "vendor_name": name}
                self._items[account_id, item.position] = replace(item, data=data)

    async def forget(self, account_id: str) -> None:
        """Delete an account's items, and its position."""
        for item in self._of(account_id):
            del self._items[account_id, item.position]
        self._heads.pop(account_id, None)

    async def newest_head(self, account_id: str) -> int:
        """The same as `heads`."""
        return self._heads.get(account_id, 0)

    def _of(self, account_id: str) -> list[FeedItem]:
        found = [item for (of, _), item in self._items.items() if of == account_id]
        return sorted(found, key=lambda item: item.position)
