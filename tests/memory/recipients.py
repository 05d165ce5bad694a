"""Suppressed addresses and send quotas of the recipients of notifications."""

from datetime import datetime, timedelta

from marketplace.domain.suppressions import Suppression
from tests.memory.tables import Tables


class Suppressions:
    """Addresses that must not be written to any more, unique by channel and address."""

    def __init__(self, tables: Tables) -> None:
        self._suppressions = tables.suppressions

    async def add(self, suppression: Suppression) -> None:
        """Insert; nothing changes when the address is already suppressed."""
        self._suppressions.setdefault(suppression.id, suppression)

    async def get(self, suppression_id: str) -> Suppression | None:
        """By id."""
        return self._suppressions.get(suppression_id)


class SendQuotas:
    """Who holds a slot under a key, and since when."""

    def __init__(self, tables: Tables) -> None:
        self._places = tables.send_quotas

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether the holder has, or gets, one of the slots."""
        recent = {
            held_by: at for held_by, at in self._places.get(key, {}).items() if at > now - within
        }
        if holder not in recent and len(recent) < most:
            recent[holder] = now
        self._places[key] = recent
        return holder in recent
