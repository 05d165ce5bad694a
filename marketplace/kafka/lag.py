"""How many records of each topic wait for this member of a group: the number to watch."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from marketplace.logs import get_logger

LOG = get_logger(__name__)
REQUEST_TIMEOUT_S = 3.0

_LAG = Gauge(
    "parley_kafka_lag_records",
    "Records not handled yet, in the partitions assigned to this process",
    ["topic"],
)


async def measure(
    consumer: AIOKafkaConsumer,
    topics: Sequence[str],
    next_offsets: Mapping[TopicPartition, int | None],
) -> bool:
    """Ask Kafka for the end offsets of the assigned partitions; returns whether it answered.

    For a partition without a handled record, the lag counts from its starting position.
    """
    assigned = consumer.assignment()
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            # Ask even without a partition: the point is whether Kafka answers.
            ends = await consumer.end_offsets(assigned) if assigned else await _no_offsets(consumer)
            lags = dict.fromkeys(topics, 0)
            for partition, end in ends.items():
                position = next_offsets.get(partition)
                if position is None:
                    position = await consumer.position(partition)
                lags[partition.topic] += max(0, end - position)
    except (KafkaError, OSError, TimeoutError) as error:
        LOG.warning("Kafka is not responding", why=repr(error))
        forget(topics)
        return False
    for topic, lag in lags.items():
        _LAG.labels(topic).set(lag)
    return True


def forget(topics: Sequence[str]) -> None:
    """Set the lag to NaN: it is unknown."""
    for topic in topics:
        _LAG.labels(topic).set(float("nan"))


async def _no_offsets(consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, int]:
    await consumer.topics()
    return {}
