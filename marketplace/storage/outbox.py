"""Events in the same write as their state, and marks for events that had their effect."""

from datetime import UTC, datetime
from typing import Any

from marketplace import events
from marketplace.events import Event
from marketplace.storage.collection import Collection, repository


@repository
class MongoOutbox(Collection[dict[str, Any]]):
    """Encoded events; a TTL index removes them a week after they happened."""

    name = "outbox"

    async def add(self, event: Event) -> None:
        """Insert, encoded: an event that does not fit its schema fails the change that made it."""
        await self._collection.insert_one(
            {
                "_id": event.id,
                "topic": event.topic,
                "key": event.key,
                "value": events.encode(event),
                "occurred_at": event.occurred_at,
                "name": event.name,
                "position": event.data.get("revision", {}).get("revision"),
            },
            session=self.session,
        )


@repository
class MongoHandled(Collection[dict[str, Any]]):
    """Which events a consumer group has had its effect for; kept for a month."""

    name = "handled_events"

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False when it was marked before.

        Looked up first, since a duplicate key would abort the transaction; of two that look at the
        same time one gets a write conflict, tries again, and then sees the mark.
        """
        key = f"{group}:{event_id}"
        if await self._collection.find_one({"_id": key}, session=self.session) is not None:
            return False
        await self._collection.insert_one(
            {"_id": key, "at": datetime.now(UTC)}, session=self.session
        )
        return True
