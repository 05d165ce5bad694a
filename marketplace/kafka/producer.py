"""Sends batches of records to Kafka."""

import asyncio
import contextlib
from collections import Counter as Counts
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from marketplace.errors import TemporaryError
from marketplace.kafka.timeouts import REQUEST_TIMEOUT_MS, STOP_TIMEOUT_S

_SENT = Counter("parley_kafka_records_sent_total", "Records acknowledged by Kafka", ["topic"])


@dataclass(frozen=True, slots=True)
class Record:
    """A record for Kafka: a topic, the key within which order matters, and an encoded event."""

    topic: str
    key: str
    value: bytes


class EventProducer:
    """Sends batches; after a failure it closes the aiokafka producer and opens a new one.

    An idempotent producer of aiokafka can stop permanently after a broker's brief outage (aiokafka
    #1017), and the outcome of its records in flight is unknown; the caller sends the whole batch
    again.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._producer: AIOKafkaProducer | None = None

    async def send(
        self, records: Sequence[Record], headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Send all records; return when all in-sync replicas have acknowledged each of them.

        Order is kept for each key.

        Raises:
            TemporaryError: some or all may not have been written; send the batch again.
        """
        try:
            producer = self._producer or await self._connect()
            acknowledgements = [
                await producer.send(
                    record.topic,
                    record.value,
                    key=record.key.encode(),
                    headers=list(headers) or None,
                )
                for record in records
            ]
            await asyncio.wait_for(asyncio.gather(*acknowledgements), REQUEST_TIMEOUT_MS / 1000)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise TemporaryError(f"Kafka: {type(error).__name__}") from error
        for topic, count in Counts(record.topic for record in records).items():
            _SENT.labels(topic).inc(count)

    async def close(self) -> None:
        """Close the connections; the next `send` opens new ones."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            max_batch_size=262_144,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            compression_type="gzip",
        )
        try:
            await asyncio.wait_for(producer.start(), REQUEST_TIMEOUT_MS / 1000)
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)
            raise
        self._producer = producer
        return producer
