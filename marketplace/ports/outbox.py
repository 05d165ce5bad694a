"""Events in the same write as their state, and marks for those that had their effect."""

from typing import Protocol

from marketplace.events import Event


class Outbox(Protocol):
    """Events on their way to Kafka, in the same write as the state they tell of."""

    async def add(self, event: Event) -> None:
        """Insert."""


class Handled(Protocol):
    """Which events a consumer group has had its effect for."""

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False when it was marked before."""
