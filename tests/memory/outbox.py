"""Events as written, and the marks of handled events."""

from collections.abc import Collection, Sequence

from marketplace import events
from marketplace.events import Event
from tests.memory.tables import Tables, insert


class Outbox:
    """Events waiting for the relay; a test reads them in `store.tables.outbox`."""

    def __init__(self, tables: Tables) -> None:
        self._outbox = tables.outbox

    async def add(self, event: Event) -> None:
        """Insert; an event that does not fit its schema fails the transaction that made it."""
        events.check(event)
        insert(self._outbox, event.id, event)

    async def add_many(self, happened: Sequence[Event]) -> None:
        """Insert."""
        for event in happened:
            await self.add(event)


class Handled:
    """Which events each consumer group has handled."""

    def __init__(self, tables: Tables) -> None:
        self._handled = tables.handled

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark; False when it is already marked."""
        if (group, event_id) in self._handled:
            return False
        self._handled[group, event_id] = True
        return True

    async def marked(self, group: str, event_ids: Collection[str]) -> frozenset[str]:
        """Which of these are marked."""
        return frozenset(event_id for event_id in event_ids if (group, event_id) in self._handled)

    async def mark_many(self, group: str, event_ids: Collection[str]) -> None:
        """Mark events that are not marked yet."""
        for event_id in event_ids:
            insert(self._handled, (group, event_id), True)
