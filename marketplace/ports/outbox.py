"""Events in the same write as their state, and marks for those that had their effect."""

from collections.abc import Collection, Sequence
from typing import Protocol

from marketplace.events import Event


class Outbox(Protocol):
    """Events on their way to Kafka, in the same write as the state they tell of."""

    async def add(self, event: Event) -> None:
        """Insert."""

    async def add_many(self, events: Sequence[Event]) -> None:
        """Insert, by one command."""


class Handled(Protocol):
    """Which events a consumer group has had its effect for."""

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False when it was marked before."""

    async def marked(self, group: str, event_ids: Collection[str]) -> frozenset[str]:
        """Which of these are marked, by one query."""

    async def mark_many(self, group: str, event_ids: Collection[str]) -> None:
        """Mark events that `marked` does not name, within the effect's transaction, by one command."""
