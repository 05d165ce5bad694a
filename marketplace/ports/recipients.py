"""What is known of the addresses that notifications go to."""

from datetime import datetime, timedelta
from typing import Protocol

from marketplace.domain.suppressions import Suppression


class Suppressions(Protocol):
    """Addresses that are not written to any more."""

    async def add(self, suppression: Suppression) -> None:
        """Insert; nothing happens when the address is there already."""

    async def get(self, suppression_id: str) -> Suppression | None:
        """By id, which `suppression_id` makes of the channel and the address."""


class SendQuotas(Protocol):
    """How much has gone to an address lately; exact, whoever sends at the same time."""

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether `holder` is one of the `most` that may go under this key within the time up to now.

        Whoever has a place keeps it: asking again takes no second one.
        """
