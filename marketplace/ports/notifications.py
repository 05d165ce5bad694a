"""The delivery log of notifications."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification
from marketplace.domain.pages import Page, PageRequest


class Notifications(Protocol):
    """The delivery log, unique by (event_id, account_id, channel)."""

    async def add(self, notification: Notification) -> None:
        """Insert; nothing happens when the same is there already."""

    async def add_many(self, notifications: Sequence[Notification]) -> None:
        """Insert each as `add` does, by one command."""

    async def latest_digests(self, keys: Collection[str]) -> dict[str, Notification]:
        """The digest with the highest first sequence under each key (`data.digest`), by one query."""

    async def join_digests(self, sequences: Mapping[str, int], now: datetime) -> int:
        """Raise `data.sequence` of pending digests to at least these numbers, by id and one command.

        Returns how many of them were still pending: a digest is claimed with all that joined before.
        """

    async def claim_due(
        self, channel: Channel, now: datetime, lease_until: datetime
    ) -> Notification | None:
        """Take a channel's longest due one for sending until the lease ends, for one worker alone.

        What is `sending` with an ended lease comes again: its first try's outcome is unknown.
        """

    async def count_due(self, now: datetime, most: int) -> int:
        """How many `claim_due` could give out now, counted up to `most`."""

    async def save(self, notification: Notification) -> None:
        """Replace."""

    async def settle(self, notification: Notification) -> bool:
        """Replace while it is `sending` in the try that `attempts` counts; False when it is not.

        Whoever answers after its lease has ended finds another's try, or its outcome, and changes
        nothing.
        """

    async def known_ids(self, provider_ids: Collection[str], besides: str) -> frozenset[str]:
        """Those of the provider's ids that notifications hold, besides one."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """Newest first."""
