"""The port for the times at which accounts submitted RFIs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Submissions(Protocol):
    """Each account's latest submissions, for its quota; removed two days after the last one."""

    async def of(self, account_id: str) -> list[datetime]:
        """The account's stored submission times, oldest first."""

    async def keep(self, account_id: str, at: Sequence[datetime], now: datetime) -> None:
        """Replace the stored times; of two concurrent transactions for an account, one retries."""
