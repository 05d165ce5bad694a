"""What stands in Kafka, read from the beginning by nobody's group."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from marketplace import events
from marketplace.errors import PermanentError
from marketplace.events import TOPICS, Event


class Topics:
    """Events of the keys a test made, as they come in; the broker is shared with other tests."""

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
        """Begin to read."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Stop reading."""
        await self._consumer.stop()

    def of(self, key: str) -> list[Event]:
        """The events of one key, in order."""
        return [each for each in self.seen if each.key == key]

    async def until(self, is_true: Callable[[], bool], within_s: float = 40) -> None:
        """Read until something is true of what was seen."""
        async with asyncio.timeout(within_s):
            while not is_true():
                polled = await self._consumer.getmany(timeout_ms=100)
                for records in polled.values():
                    for each in records:
                        # Others put records there that nobody can read, to see them buried.
                        with contextlib.suppress(PermanentError):
                            self.seen.append(events.decode(each.value))


def first_of_each(seen: list[Event]) -> list[str]:
    """Ids in the order in which each came first: what a consumer that marks them handles."""
    return list(dict.fromkeys(each.id for each in seen))
