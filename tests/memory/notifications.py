"""The delivery log of notifications."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import Page, PageRequest
from tests.memory.tables import Tables, insert, page

_ON_THE_WAY = frozenset({NotificationState.PENDING, NotificationState.SENDING})


class Notifications:
    """Notifications, unique by (event_id, account_id, channel)."""

    def __init__(self, tables: Tables) -> None:
        self._notifications = tables.notifications

    async def add(self, notification: Notification) -> None:
        """Insert; a duplicate is ignored."""
        if not any(_is_same(kept, notification) for kept in self._notifications.values()):
            insert(self._notifications, notification.id, notification)

    async def add_many(self, notifications: Sequence[Notification]) -> None:
        """Insert all; duplicates are ignored."""
        for notification in notifications:
            await self.add(notification)

    async def latest_digests(self, keys: Collection[str]) -> dict[str, Notification]:
        """The digest with the highest first sequence under each key."""
        found: dict[str, Notification] = {}
        for notification in self._notifications.values():
            key = str(notification.data.get("digest"))
            if key in keys and (key not in found or _first(found[key]) < _first(notification)):
                found[key] = notification
        return found

    async def join_digests(self, sequences: Mapping[str, int], now: datetime) -> int:
        """Raise `data.sequence` of pending digests; returns how many were still pending."""
        pending = [
            self._notifications[notification_id]
            for notification_id in sequences
            if self._notifications[notification_id].state is NotificationState.PENDING
        ]
        for notification in pending:
            sequence = max(notification.data["sequence"], sequences[notification.id])
            data = notification.data | {"sequence": sequence}
            self._notifications[notification.id] = replace(notification, data=data, updated_at=now)
        return len(pending)

    async def claim_due(
        self, channel: Channel, now: datetime, lease_until: datetime
    ) -> Notification | None:
        """Claim the channel's longest overdue notification until the lease ends."""
        due = [
            notification
            for notification in self._notifications.values()
            if notification.channel == channel
            and notification.state in _ON_THE_WAY
            and notification.due_at <= now
        ]
        if not due:
            return None
        first = min(due, key=lambda notification: notification.due_at)
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
        """How many `claim_due` could claim now, up to `most`."""
        found = self._notifications.values()
        return min(
            most,
            sum(
                notification.state in _ON_THE_WAY and notification.due_at <= now
                for notification in found
            ),
        )

    async def settle(self, notification: Notification) -> bool:
        """Replace while it is `sending` in the attempt that `attempts` counts."""
        kept = self._notifications.get(notification.id)
        if kept is None or kept.state is not NotificationState.SENDING:
            return False
        if kept.attempts != notification.attempts:
            return False
        self._notifications[notification.id] = notification
        return True

    async def known_ids(self, provider_ids: Collection[str], besides: str) -> frozenset[str]:
        """Which of these provider ids other notifications than `besides` hold."""
        held = {
            notification.provider_id
            for notification in self._notifications.values()
            if notification.id != besides
        }
        return frozenset(provider_ids) & held

    async def rename(self, account_id: str, rfi_id: str, old: str, new: str) -> None:
        """Replace a person's name in an account's notifications about an RFI."""
        for kept in list(self._notifications.values()):
            if (kept.account_id, kept.data.get("rfi_id")) == (account_id, rfi_id):
                names = {
                    field: new
                    for field in ("sender_name", "vendor_name")
                    if kept.data.get(field) == old
                }
                self._notifications[kept.id] = replace(kept, data=kept.data | names)

    async def forget(self, account_id: str, besides_kind: str) -> bool:
        """Delete an account's notifications, except unsent ones of a kind."""
        of_account = [n for n in self._notifications.values() if n.account_id == account_id]
        kept = [n for n in of_account if n.kind == besides_kind and n.state in _ON_THE_WAY]
        for notification in of_account:
            if notification not in kept:
                del self._notifications[notification.id]
        return not kept

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


def _first(digest: Notification) -> int:
    return int(digest.data["first_sequence"])
