"""When accounts submitted RFIs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Submissions(Protocol):
    """The latest submissions of each account, for its quota; forgotten two days after the last."""

    async def of(self, account_id: str) -> list[datetime]:
        """The kept ones, oldest first."""

    async def keep(self, account_id: str, at: Sequence[datetime], now: datetime) -> None:
        """Replace the kept ones; of two transactions that do so for one account, one tries again."""
