"""Events, written together with the state they describe, and marks of handled events."""

from collections.abc import Collection, Sequence
from typing import Protocol

from marketplace.events import Event


class Outbox(Protocol):
    """Events to be published to Kafka, written in the transaction of the state they describe."""

    async def add(self, event: Event) -> None:
        """Insert."""

    async def add_many(self, events: Sequence[Event]) -> None:
        """Insert all, in one command."""


class Handled(Protocol):
    """Which events a consumer group has already handled."""

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False if it was already marked."""

    async def marked(self, group: str, event_ids: Collection[str]) -> frozenset[str]:
        """Which of these are marked, in one query."""

    async def mark_many(self, group: str, event_ids: Collection[str]) -> None:
        """Mark unmarked events (see `marked`) within the effect's transaction, in one command."""
