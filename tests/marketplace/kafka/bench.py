"""A separate topic and consumer group on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client import REGISTRY

from marketplace import events
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.kafka import (
    EventConsumer,
    dead_letter_topic,
)
from tests.marketplace.every_event import an_event_of

WITHIN_S = 20.0
Handle = Callable[[Event], Awaitable[None]]


def an_event() -> Event:
    """An event with a new id."""
    return replace(an_event_of("vendor.applied"), id=new_id())


@asynccontextmanager
async def administration(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def until_lag(topic: str, records: float) -> None:
    """Wait until the lag metric has this value."""
    async with asyncio.timeout(WITHIN_S):
        while REGISTRY.get_sample_value("parley_kafka_lag_records", {"topic": topic}) != records:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class Bench:
    """Sends to a topic's partitions, and runs members of a consumer group on it."""

    def __init__(self, bootstrap_servers: str, group: str, topic: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.group = group
        self.topic = topic
        self._members: list[tuple[EventConsumer, asyncio.Task[None]]] = []

    async def send(self, *values: bytes | Event, partition: int = 0) -> None:
        """Append to a partition, in order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers, acks="all")
        await producer.start()
        for item in values:
            value = events.encode(item) if isinstance(item, Event) else item
            await producer.send_and_wait(self.topic, value, key=b"k", partition=partition)
        await producer.stop()

    def member(
        self, handle: Handle, batch_size: int = 1
    ) -> tuple[EventConsumer, "asyncio.Task[None]"]:
        """Start a member; `handle` gets the events of its batches one by one."""

        async def handle_batch(batch: Sequence[Event]) -> None:
            for event in batch:
                await handle(event)

        return self.batch_member(handle_batch, batch_size)

    def batch_member(
        self, handle: Callable[[Sequence[Event]], Awaitable[None]], batch_size: int
    ) -> tuple[EventConsumer, "asyncio.Task[None]"]:
        """Start a member whose `handle` gets whole batches."""
        consumer = EventConsumer(
            self.bootstrap_servers, self.group, [self.topic], handle, batch_size=batch_size
        )
        self._members.append((consumer, asyncio.create_task(consumer.run())))
        return self._members[-1]

    async def stop(self) -> None:
        """Stop all running members."""
        for consumer, _ in self._members:
            consumer.stop()
        running = [task for _, task in self._members]
        _, hanging = await asyncio.wait(running, timeout=WITHIN_S) if running else ((), ())
        for task in hanging:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def committed(self, partition: int = 0) -> int:
        """The group's committed offset; 0 if there is none."""
        looker = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            group_id=self.group,
            enable_auto_commit=False,
        )
        await looker.start()
        try:
            return int(await looker.committed(TopicPartition(self.topic, partition)) or 0)
        finally:
            await looker.stop()

    async def dead_letters(self, count: int) -> list[Any]:
        """The first `count` records of the dead-letter topic."""
        reader = AIOKafkaConsumer(
            dead_letter_topic(self.topic, self.group),
            bootstrap_servers=self.bootstrap_servers,
            auto_offset_reset="earliest",
        )
        await reader.start()
        try:
            async with asyncio.timeout(WITHIN_S):
                return [await reader.getone() for _ in range(count)]
        finally:
            await reader.stop()


class Log:
    """Records the handled events, and fails as configured."""

    def __init__(self, failures: dict[str, list[Exception]] | None = None) -> None:
        self.tried: list[str] = []
        self.handled: list[str] = []
        self.failures = failures or {}
        self._changed = asyncio.Event()

    async def handle(self, event: Event) -> None:
        """Handle the event or fail."""
        self.tried.append(event.id)
        waiting = self.failures.get(event.id)
        if waiting:
            raise waiting.pop(0)
        self.handled.append(event.id)
        self._changed.set()

    async def until(self, *ids: str) -> None:
        """Wait until all of these have been handled."""
        async with asyncio.timeout(WITHIN_S):
            while not set(ids) <= set(self.handled):
                self._changed.clear()
                await self._changed.wait()
