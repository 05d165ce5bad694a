"""Kafka's content, read from the beginning by a separate consumer group."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from marketplace import events
from marketplace.errors import PermanentError
from marketplace.events import TOPICS, Event


class Topics:
    """Events of a test's keys as they arrive; other tests share the broker."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = AIOKafkaConsumer(
            *TOPICS,
            bootstrap_servers=bootstrap_servers,
            auto_offset_reset="earliest",
            group_id=f"reader-{uuid.uuid4().hex}",
            enable_auto_commit=False,
            metadata_max_age_ms=2_000,
        )
        self.seen: list[Event] = []

    async def start(self) -> None:
        """Start reading."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Stop reading."""
        await self._consumer.stop()

    def of(self, key: str) -> list[Event]:
        """The events of one key, in order."""
        return [event for event in self.seen if event.key == key]

    async def until(self, is_true: Callable[[], bool], within_s: float = 40) -> None:
        """Read until a condition on the seen events is true."""
        async with asyncio.timeout(within_s):
            while not is_true():
                polled = await self._consumer.getmany(timeout_ms=100)
                for records in polled.values():
                    for record in records:
                        # Other tests send unreadable records there, to test dead letters.
                        with contextlib.suppress(PermanentError):
                            self.seen.append(events.decode(record.value))


def first_of_each(seen: list[Event]) -> list[str]:
    """Ids in order of first arrival: the order in which a deduplicating consumer handles them."""
    return list(dict.fromkeys(event.id for event in seen))
