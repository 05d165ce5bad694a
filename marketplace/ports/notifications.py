"""The port for the delivery log of notifications."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification
from marketplace.domain.pages import Page, PageRequest


class Notifications(Protocol):
    """The delivery log, unique by (event_id, account_id, channel)."""

    async def add(self, notification: Notification) -> None:
        """Insert; does nothing if the same notification exists."""

    async def add_many(self, notifications: Sequence[Notification]) -> None:
        """Insert each as `add` does, in one command."""

    async def latest_digests(self, keys: Collection[str]) -> dict[str, Notification]:
        """The digest with the highest first sequence for each key (`data.digest`), in one query."""

    async def join_digests(self, sequences: Mapping[str, int], now: datetime) -> int:
        """Raise `data.sequence` of pending digests to at least these numbers, in one command.

        `sequences` is keyed by digest id. Returns how many digests were still pending: a claimed
        digest includes everything that joined before the claim.
        """

    async def claim_due(
        self, channel: Channel, now: datetime, lease_until: datetime
    ) -> Notification | None:
        """Claim a channel's longest-due notification until the lease ends, for one worker only.

        A `sending` notification with an expired lease is claimed again: its first attempt's outcome
        is unknown.
        """

    async def count_due(self, now: datetime, most: int) -> int:
        """How many notifications `claim_due` could return now, counted up to `most`."""

    async def settle(self, notification: Notification) -> bool:
        """Replace if it is `sending` in the attempt that `attempts` counts; otherwise return False.

        A worker that finishes after its lease has expired meets another worker's attempt, or its
        outcome, and changes nothing.
        """

    async def known_ids(self, provider_ids: Collection[str], besides: str) -> frozenset[str]:
        """Which of these provider ids belong to notifications other than `besides`."""

    async def rename(self, account_id: str, rfi_id: str, old: str, new: str) -> None:
        """Replace a person's name in an account's notifications about an RFI."""

    async def forget(self, account_id: str, besides_kind: str) -> bool:
        """Delete an account's notifications, except unsent ones of a kind; True if none is left."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """An account's notifications, newest first."""
