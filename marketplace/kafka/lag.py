"""How many records of each topic wait for a member of a group: the number to watch."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

LOG = logging.getLogger(__name__)
ASK_WITHIN_S = 3.0

_LAG = Gauge(
    "parley_kafka_lag_records",
    "Records not handled yet, of the partitions of this process",
    ["topic"],
)


async def measure(
    consumer: AIOKafkaConsumer,
    topics: Sequence[str],
    next_offsets: Mapping[TopicPartition, int | None],
) -> bool:
    """Ask Kafka for the ends of the assigned partitions; returns whether it answered.

    Where no record was handled yet, the lag counts from the position the partition begins at.
    """
    assigned = consumer.assignment()
    try:
        async with asyncio.timeout(ASK_WITHIN_S):
            # Also without a partition: the question is whether Kafka answers.
            ends = await consumer.end_offsets(assigned) if assigned else await _nothing(consumer)
            lags = dict.fromkeys(topics, 0)
            for partition, end in ends.items():
                position = next_offsets.get(partition)
                if position is None:
                    position = await consumer.position(partition)
                lags[partition.topic] += max(0, end - position)
    except (KafkaError, OSError, TimeoutError) as error:
        LOG.warning("Kafka does not answer", extra={"why": repr(error)})
        forget(topics)
        return False
    for topic, lag in lags.items():
        _LAG.labels(topic).set(lag)
    return True


def forget(topics: Sequence[str]) -> None:
    """Say that the lag is not known: NaN."""
    for topic in topics:
        _LAG.labels(topic).set(float("nan"))


async def _nothing(consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, int]:
    await consumer.topics()
    return {}
