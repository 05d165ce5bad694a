"""Suppressed addresses, and how much has been sent to each address."""

from datetime import datetime, timedelta
from typing import Protocol

from marketplace.domain.suppressions import Suppression


class Suppressions(Protocol):
    """Addresses that get no more notifications."""

    async def add(self, suppression: Suppression) -> None:
        """Insert; does nothing if the address is already suppressed."""

    async def get(self, suppression_id: str) -> Suppression | None:
        """The suppression with this id, which `suppression_id` builds from channel and address."""


class SendQuotas(Protocol):
    """How much has been sent to an address recently; exact even under concurrency."""

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether `holder` has one of the `most` places for this key.

        A place counts for the period `within`. A holder keeps its place: asking again takes no
        second one.
        """
