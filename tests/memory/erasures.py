"""Which accounts were erased, and which erasures have work left."""

from dataclasses import replace
from datetime import datetime

from marketplace.domain.erasures import Erasure
from tests.memory.tables import Tables, insert


class Erasures:
    """One record for each erased account."""

    def __init__(self, tables: Tables) -> None:
        self._erasures = tables.erasures

    async def add(self, erasure: Erasure) -> None:
        """Insert."""
        insert(self._erasures, erasure.id, erasure)

    async def get(self, account_id: str) -> Erasure | None:
        """By account."""
        return self._erasures.get(account_id)

    async def claim_due(self, now: datetime, lease_until: datetime) -> Erasure | None:
        """The one that is due the longest."""
        due = [
            (erasure.due_at, erasure.id)
            for erasure in self._erasures.values()
            if erasure.due_at is not None and erasure.due_at <= now
        ]
        if not due:
            return None
        claimed = replace(self._erasures[min(due)[1]], due_at=lease_until)
        await self.save(claimed)
        return claimed

    async def save(self, erasure: Erasure) -> None:
        """Replace."""
        self._erasures[erasure.id] = erasure
