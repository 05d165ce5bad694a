"""The times at which accounts submitted RFIs."""

from collections.abc import Sequence
from datetime import datetime

from tests.memory.tables import Tables


class Submissions:
    """The latest submissions of each account."""

    def __init__(self, tables: Tables) -> None:
        self._submissions = tables.submissions

    async def of(self, account_id: str) -> list[datetime]:
        """The stored times, oldest first."""
        return list(self._submissions.get(account_id, ()))

    async def keep(self, account_id: str, at: Sequence[datetime], now: datetime) -> None:
        """Replace the stored times; transactions here run one at a time."""
        self._submissions[account_id] = tuple(at)
