"""The contents of Kafka's topics, from their beginning."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from marketplace.events import TOPICS
from marketplace.kafka import PARTITIONS
from tests.journeys.site import Site

_ENVELOPE = {
    "id", "name", "version", "key", "occurred_at", "actor", "correlation_id", "causation_id", "data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic; `value` is its content, byte for byte."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, bytes]

    @property
    def event(self) -> dict[str, Any]:
        """The event; its envelope must be complete and its key must be the record's."""
        event: dict[str, Any] = orjson.loads(self.value)
        assert set(event) == _ENVELOPE
        assert event["key"] == self.key
        return event


async def records(
    site: Site, keys: Collection[str], topics: Sequence[str] = TOPICS
) -> list[Record]:
    """All current records of the topics under these keys; ordered for each key of a topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=site.running.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
    found: list[Record] = []
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                polled = await consumer.getmany(partition, timeout_ms=1_000)
                found += [_record(record) for some in polled.values() for record in some]
    finally:
        await consumer.stop()
    return [record for record in found if record.key in keys]


async def events(site: Site, keys: Collection[str], topic: str) -> list[dict[str, Any]]:
    """The events of a topic under these keys, each once.

    Delivery is at least once: a killed relay sends its last events again, with the same ids.
    """
    once: dict[str, dict[str, Any]] = {}
    for record in await records(site, keys, [topic]):
        event = record.event
        once.setdefault(event["id"], event)
    return list(once.values())


async def put(site: Site, topic: str, key: str, value: bytes) -> None:
    """Write a record without the relay."""
    async with AIOKafkaProducer(
        bootstrap_servers=site.running.kafka_bootstrap_servers, acks="all"
    ) as producer:
        await producer.send_and_wait(topic, value, key=key.encode())


def _record(record: Any) -> Record:
    return Record(record.topic, record.key.decode(), record.value, dict(record.headers))
