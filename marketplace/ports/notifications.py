"""The delivery log of notifications."""

from datetime import datetime
from typing import Protocol

from marketplace.domain.notifications import Notification
from marketplace.domain.pages import Page, PageRequest


class Notifications(Protocol):
    """The delivery log, unique by (event_id, account_id, channel)."""

    async def add(self, notification: Notification) -> None:
        """Insert; nothing happens when the same is there already."""

    async def claim_due(self, now: datetime, lease_until: datetime) -> Notification | None:
        """Take the longest due one for sending until the lease ends; no two workers get the same.

        What is `sending` with an ended lease comes again: its first try's outcome is unknown.
        """

    async def count_due(self, now: datetime, most: int) -> int:
        """How many `claim_due` could give out now, counted up to `most`."""

    async def save(self, notification: Notification) -> None:
        """Replace."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """Newest first."""
