"""Events as written, and marks for events that had their effect."""

from marketplace import events
from marketplace.events import Event
from tests.memory.tables import Tables, insert


class Outbox:
    """Events on their way; a test reads them in `store.tables.outbox`."""

    def __init__(self, tables: Tables) -> None:
        self._outbox = tables.outbox

    async def add(self, event: Event) -> None:
        """Insert; an event that does not fit its schema fails the change that made it."""
        events.encode(event)
        insert(self._outbox, event.id, event)


class Handled:
    """Which events a consumer group has had its effect for."""

    def __init__(self, tables: Tables) -> None:
        self._handled = tables.handled

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark; False when it was marked before."""
        if (group, event_id) in self._handled:
            return False
        self._handled[group, event_id] = True
        return True
