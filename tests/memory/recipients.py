"""What is known of the addresses that notifications go to."""

from datetime import datetime, timedelta

from marketplace.domain.suppressions import Suppression
from tests.memory.tables import Tables


class Suppressions:
    """Addresses that are not written to any more, unique by channel and address."""

    def __init__(self, tables: Tables) -> None:
        self._suppressions = tables.suppressions

    async def add(self, suppression: Suppression) -> None:
        """Insert; nothing happens when the address is there already."""
        self._suppressions.setdefault(suppression.id, suppression)

    async def get(self, suppression_id: str) -> Suppression | None:
        """By id."""
        return self._suppressions.get(suppression_id)


class SendQuotas:
    """Who has a place under a key, and since when."""

    def __init__(self, tables: Tables) -> None:
        self._places = tables.send_quotas

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether the holder has, or gets, one of the places."""
        recent = {
            held_by: at for held_by, at in self._places.get(key, {}).items() if at > now - within
        }
        if holder not in recent and len(recent) < most:
            recent[holder] = now
        self._places[key] = recent
        return holder in recent
