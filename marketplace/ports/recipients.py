"""How much has been sent to each address."""

from datetime import datetime, timedelta
from typing import Protocol


class SendQuotas(Protocol):
    """How much has been sent, or tried, under a key recently; exact even under concurrency."""

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether `holder` has one of the `most` places for this key.

        A place counts for the period `within`. A holder keeps its place: asking again takes no
        second one.
        """
