"""Events, written together with the state they describe, and marks of handled events."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from marketplace import events
from marketplace.events import Event
from marketplace.storage.collection import Collection, repository


@repository
class MongoOutbox(Collection[dict[str, Any]]):
    """Encoded events; a TTL index removes them after a week."""

    name = "outbox"

    async def add(self, event: Event) -> None:
        """Insert, encoded."""
        await self._collection.insert_one(_document(event), session=self.session)

    async def add_many(self, batch: Sequence[Event]) -> None:
        """Insert all, encoded."""
        await self._collection.insert_many(
            [_document(event) for event in batch], session=self.session
        )


def _document(event: Event) -> dict[str, Any]:
    document = {
        "_id": event.id,
        "topic": event.topic,
        "key": event.key,
        "value": events.encode(event),
        "occurred_at": event.occurred_at,
        "name": event.name,
        "position": event.data.get("revision", {}).get("revision"),
    }
    if event.traceparent is not None:  # beside the value too: the relay does not decode that
        document["traceparent"] = event.traceparent
    return document


@repository
class MongoHandled(Collection[dict[str, Any]]):
    """Which events a consumer group has already handled; kept for a month."""

    name = "handled_events"

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False if it was already marked.

        The mark is looked up first, since a duplicate key would abort the transaction. Of two
        concurrent transactions one gets a write conflict, retries, and then sees the mark.
        """
        if await self.marked(group, [event_id]):
            return False
        await self.mark_many(group, [event_id])
        return True

    async def marked(self, group: str, event_ids: Ids[str]) -> frozenset[str]:
        """Which of these are marked."""
        keys = [f"{group}:{event_id}" for event_id in event_ids]
        documents = await self._collection.find(
            {"_id": {"$in": keys}}, {"_id": 1}, session=self.session
        ).to_list(None)
        return frozenset(document["_id"].removeprefix(f"{group}:") for document in documents)

    async def mark_many(self, group: str, event_ids: Ids[str]) -> None:
        """Mark unmarked events within the effect's transaction."""
        now = datetime.now(UTC)
        await self._collection.insert_many(
            [{"_id": f"{group}:{event_id}", "at": now} for event_id in event_ids],
            session=self.session,
        )
