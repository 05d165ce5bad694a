"""The topics, how long they keep records, and how existing topics differ from these settings.

A topic keeps a record for at most `RETENTION` plus one segment. That is shorter than the 30 days
for which handled-event marks are kept, so a group that restarts at offset 0 meets no record whose
mark has expired.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from marketplace.errors import TemporaryError
from marketplace.events import TOPICS
from marketplace.kafka.timeouts import REQUEST_TIMEOUT_MS, STOP_TIMEOUT_S
from marketplace.logs import get_logger

LOG = get_logger(__name__)
PARTITIONS = 6
# The same as the outbox.
RETENTION = timedelta(days=7)
# Operators have four weeks to inspect an unusable record.
DEAD_LETTER_RETENTION = timedelta(days=28)
# Kafka deletes whole segments, and by default starts a new one once a week.
SEGMENT = timedelta(days=1)
_MAX_REPLICAS = 3


async def ensure_topics(
    bootstrap_servers: str, topics: Sequence[str] = TOPICS, *, group: str | None = None
) -> None:
    """Create missing topics and, for a group, their dead-letter topics.

    An existing topic is not changed; where it differs from what this version would create, that is
    logged.

    Raises:
        TemporaryError: no broker answers, or the broker refuses to create a topic.
    """
    names = list(topics)
    if group is not None:
        names += [dead_letter_topic(topic, group) for topic in topics]
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    try:
        await admin.start()
        await _ensure(admin, names)
    except (KafkaError, OSError) as error:
        raise TemporaryError(f"Kafka: {type(error).__name__}: {str(error)[:300]}") from error
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await asyncio.wait_for(admin.close(), STOP_TIMEOUT_S)


def dead_letter_topic(topic: str, group: str) -> str:
    """Where a group puts the unusable records of a topic."""
    return f"{topic}.{group}.dead-letter"


def settings_of(name: str, replicas: int) -> dict[str, str]:
    """A topic's settings; an acknowledged record is on at least all but one of the replicas."""
    is_dead_letter = name.endswith(".dead-letter")
    retention = DEAD_LETTER_RETENTION if is_dead_letter else RETENTION
    return {
        "min.insync.replicas": str(max(1, replicas - 1)),
        "retention.ms": _milliseconds(retention),
        "segment.ms": _milliseconds(SEGMENT),
    }


async def _ensure(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    replicas = min(_MAX_REPLICAS, len((await admin.describe_cluster())["brokers"]))
    existing_partitions = {
        topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()
    }
    await _create(admin, [name for name in names if name not in existing_partitions], replicas)
    existing = {name: existing_partitions[name] for name in names if name in existing_partitions}
    if existing:
        actual = await settings_found(admin, existing)
        for name, partitions in existing.items():
            _report(name, _differences(name, partitions, actual.get(name, {}), replicas))


async def _create(admin: AIOKafkaAdminClient, names: Sequence[str], replicas: int) -> None:
    """Create topics; aiokafka returns the broker's refusals and raises none of them.

    Raises:
        KafkaError: the broker refused a topic, other than because it exists.
    """
    if not names:
        return
    answer = await admin.create_topics(
        [
            NewTopic(name, PARTITIONS, replicas, topic_configs=settings_of(name, replicas))
            for name in names
        ]
    )
    refusals = []
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            refusals.append(f"{name}: {error.__name__} {(message or [''])[0] or ''}".strip())
    if refusals:
        raise KafkaError("refused to create " + "; ".join(refusals))


async def settings_found(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> Mapping[str, Mapping[str, str]]:
    """The actual settings of topics, by topic and name."""
    names_only = dict.fromkeys(settings_of("", 1))
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(names_only)) for name in names]
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in await admin.describe_configs(resources)
        for _, _, _, name, entries in answer.resources
    }


def _differences(
    name: str, partitions: Sequence[Mapping[str, Any]], actual: Mapping[str, str], replicas: int
) -> dict[str, str]:
    """How an existing topic differs from a new one: `found, not wanted` by setting."""
    copies = min((len(partition["replicas"]) for partition in partitions), default=0)
    expected = {
        "partitions": str(PARTITIONS),
        "replicas": str(replicas),
        **settings_of(name, replicas),
    }
    found = {"partitions": str(len(partitions)), "replicas": str(copies), **actual}
    return {
        setting: f"{found[setting]}, not {value}"
        for setting, value in expected.items()
        if setting in found and found[setting] != value
    }


def _report(name: str, differences: Mapping[str, str]) -> None:
    if differences:
        LOG.warning("topic settings differ", topic=name, differences=dict(differences))


def _milliseconds(duration: timedelta) -> str:
    return str(duration // timedelta(milliseconds=1))
