"""Where a consumer group puts records that it cannot use."""

import asyncio
from collections import deque

from aiokafka import ConsumerRecord
from prometheus_client import Counter

from marketplace.errors import BaseError
from marketplace.kafka.producer import EventProducer, Record
from marketplace.kafka.topics import dead_letter_topic
from marketplace.logs import get_logger

LOG = get_logger(__name__)
# A defect that makes every record unusable must not move the whole topic to the dead-letter topic.
MAX_PER_HOUR = 100

HANDLED = Counter(
    "parley_kafka_records_handled_total",
    "Records handled by a consumer group",
    ["topic", "outcome"],
)


class TooManyDeadLettersError(BaseError):
    """So many records were unusable that the fault is probably ours; an operator has to look."""


class DeadLetters:
    """The dead-letter topics of one group."""

    def __init__(self, bootstrap_servers: str, group: str) -> None:
        self._group = group
        self._producer = EventProducer(bootstrap_servers)
        self._sent_at: deque[float] = deque(maxlen=MAX_PER_HOUR)

    async def send(self, record: "ConsumerRecord[bytes, bytes]", error: Exception) -> None:
        """Send an unusable record to the dead-letter topic, with the reason in its headers.

        Raises:
            TooManyDeadLettersError: more than 100 within an hour.
            TemporaryError: Kafka did not accept it.
        """
        now = asyncio.get_running_loop().time()
        if len(self._sent_at) == MAX_PER_HOUR and now - self._sent_at[0] < 3_600:
            raise TooManyDeadLettersError(
                f"{MAX_PER_HOUR} records of {record.topic} were unusable within an hour"
            )
        LOG.error(
            "sending a record to the dead-letter topic",
            topic=record.topic,
            offset=record.offset,
            why=repr(error)[:1_000],
        )
        headers = [
            ("error", repr(error)[:1_000].encode()),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        topic = dead_letter_topic(record.topic, self._group)
        key = (record.key or b"").decode(errors="replace")
        await self._producer.send([Record(topic, key, record.value or b"")], headers)
        self._sent_at.append(now)
        HANDLED.labels(record.topic, "dead_letter").inc()

    async def close(self) -> None:
        """Close the connections."""
        await self._producer.close()
