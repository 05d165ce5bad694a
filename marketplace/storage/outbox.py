"""Events in the same write as their state, and marks for events that had their effect."""

from collections.abc import Collection as Several
from collections.abc import Sequence
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
        await self._collection.insert_one(_document(event), session=self.session)

    async def add_many(self, happened: Sequence[Event]) -> None:
        """Insert, encoded."""
        await self._collection.insert_many(
            [_document(event) for event in happened], session=self.session
        )


def _document(event: Event) -> dict[str, Any]:
    return {
        "_id": event.id,
        "topic": event.topic,
        "key": event.key,
        "value": events.encode(event),
        "occurred_at": event.occurred_at,
        "name": event.name,
        "position": event.data.get("revision", {}).get("revision"),
    }


@repository
class MongoHandled(Collection[dict[str, Any]]):
    """Which events a consumer group has had its effect for; kept for a month."""

    name = "handled_events"

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False when it was marked before.

        Looked up first, since a duplicate key would abort the transaction; of two that look at the
        same time one gets a write conflict, tries again, and then sees the mark.
        """
        if await self.marked(group, [event_id]):
            return False
        await self.mark_many(group, [event_id])
        return True

    async def marked(self, group: str, event_ids: Several[str]) -> frozenset[str]:
        """Which of these are marked."""
        keys = [f"{group}:{event_id}" for event_id in event_ids]
        found = await self._collection.find(
            {"_id": {"$in": keys}}, {"_id": 1}, session=self.session
        ).to_list(None)
        return frozenset(each["_id"].removeprefix(f"{group}:") for each in found)

    async def mark_many(self, group: str, event_ids: Several[str]) -> None:
        """Mark within the effect's transaction what is not marked yet."""
        now = datetime.now(UTC)
        await self._collection.insert_many(
            [{"_id": f"{group}:{event_id}", "at": now} for event_id in event_ids],
            session=self.session,
        )
