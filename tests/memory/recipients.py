"""Send quotas of the recipients of notifications."""

from datetime import datetime, timedelta

from tests.memory.tables import Tables


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
