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
        """Insert; nothing happens when the same is there already."""
        if not any(_is_same(each, notification) for each in self._notifications.values()):
            insert(self._notifications, notification.id, notification)

    async def add_many(self, notifications: Sequence[Notification]) -> None:
        """Insert each of which there is none yet."""
        for notification in notifications:
            await self.add(notification)

    async def latest_digests(self, keys: Collection[str]) -> dict[str, Notification]:
        """The digest with the highest first sequence under each key."""
        found: dict[str, Notification] = {}
        for each in self._notifications.values():
            key = str(each.data.get("digest"))
            if key in keys and (key not in found or _first(found[key]) < _first(each)):
                found[key] = each
        return found

    async def join_digests(self, sequences: Mapping[str, int], now: datetime) -> int:
        """Raise `data.sequence` of pending digests; returns how many were still pending."""
        pending = [
            self._notifications[each]
            for each in sequences
            if self._notifications[each].state is NotificationState.PENDING
        ]
        for each in pending:
            sequence = max(each.data["sequence"], sequences[each.id])
            data = each.data | {"sequence": sequence}
            self._notifications[each.id] = replace(each, data=data, updated_at=now)
        return len(pending)

    async def claim_due(
        self, channel: Channel, now: datetime, lease_until: datetime
    ) -> Notification | None:
        """Take a channel's longest due one for sending until the lease ends."""
        due = [
            each
            for each in self._notifications.values()
            if each.channel == channel and each.state in _ON_THE_WAY and each.due_at <= now
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

    async def settle(self, notification: Notification) -> bool:
        """Replace while it is `sending` in the try that `attempts` counts."""
        kept = self._notifications.get(notification.id)
        if kept is None or kept.state is not NotificationState.SENDING:
            return False
        if kept.attempts != notification.attempts:
            return False
        self._notifications[notification.id] = notification
        return True

    async def known_ids(self, provider_ids: Collection[str], besides: str) -> frozenset[str]:
        """Those of the provider's ids that notifications hold, besides one."""
        held = {each.provider_id for each in self._notifications.values() if each.id != besides}
        return frozenset(provider_ids) & held

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
