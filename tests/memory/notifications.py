"""The delivery log of notifications."""

from dataclasses import replace
from datetime import datetime

from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import Page, PageRequest
from tests.memory.tables import Tables, insert, page

_ON_THE_WAY = frozenset({NotificationState.PENDING, NotificationState.SENDING})


class Notifications:
    """Notifications, unique by (event_id, account_id, channel)."""

    def __init__(self, tables: Tables) -> None:
        self._notifications = tables.notifications

    async def add(self, notification: Notification) -> None:
        """Insert; nothing happens when the same is there already."""
        if not any(_is_same(each, notification) for each in self._notifications.values()):
            insert(self._notifications, notification.id, notification)

    async def claim_due(self, now: datetime, lease_until: datetime) -> Notification | None:
        """Take the longest due one for sending until the lease ends."""
        due = [
            each
            for each in self._notifications.values()
            if each.state in _ON_THE_WAY and each.due_at <= now
        ]
        if not due:
            return None
        first = min(due, key=lambda each: each.due_at)
        claimed = replace(
            first,
            state=NotificationState.SENDING,
            attempts=first.attempts + 1,
            due_at=lease_until,
            updated_at=now,
        )
        self._notifications[claimed.id] = claimed
        return claimed

    async def count_due(self, now: datetime, most: int) -> int:
        """How many `claim_due` could give out now, up to `most`."""
        found = self._notifications.values()
        return min(most, sum(each.state in _ON_THE_WAY and each.due_at <= now for each in found))

    async def save(self, notification: Notification) -> None:
        """Replace."""
        if notification.id in self._notifications:
            self._notifications[notification.id] = notification

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """Newest first."""
        found = {k: v for k, v in self._notifications.items() if v.account_id == account_id}
        return page(found, request)


def _is_same(one: Notification, other: Notification) -> bool:
    return (one.event_id, one.account_id, one.channel) == (
        other.event_id,
        other.account_id,
        other.channel,
    )
