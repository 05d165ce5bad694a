"""Which topics there are, how long they keep records, and what differs from that.

A topic keeps a record for at most `RETENTION` and one segment.  That is shorter than the 30 days for
which handled-event marks are kept, so a group that begins at offset 0 again meets no record whose
mark is gone.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from marketplace.errors import TemporaryError
from marketplace.events import TOPICS
from marketplace.kafka.timeouts import REQUEST_TIMEOUT_MS, STOP_WITHIN_S

LOG = logging.getLogger(__name__)
PARTITIONS = 6
# As long as the outbox keeps an event.
RETENTION = timedelta(days=7)
# An operator has four weeks to look at a record that nobody could use.
DEAD_LETTER_RETENTION = timedelta(days=28)
# Kafka deletes whole segments, and by default begins a new one once a week.
SEGMENT = timedelta(days=1)
_MOST_REPLICAS = 3


async def ensure_topics(
    bootstrap_servers: str, topics: Sequence[str] = TOPICS, *, group: str | None = None
) -> None:
    """Create the topics that are missing, and a group's dead-letter topics for them.

    A topic that exists is left as it is; what differs from what this version would create is logged.

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
            await asyncio.wait_for(admin.close(), STOP_WITHIN_S)


def dead_letter_topic(topic: str, group: str) -> str:
    """Where a group puts the records of a topic that it cannot use."""
    return f"{topic}.{group}.dead-letter"


def settings_of(name: str, replicas: int) -> dict[str, str]:
    """A topic's settings; one copy fewer than there are has to have a record that is acknowledged."""
    is_dead_letter = name.endswith(".dead-letter")
    retention = DEAD_LETTER_RETENTION if is_dead_letter else RETENTION
    return {
        "min.insync.replicas": str(max(1, replicas - 1)),
        "retention.ms": _milliseconds(retention),
        "segment.ms": _milliseconds(SEGMENT),
    }


async def _ensure(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    replicas = min(_MOST_REPLICAS, len((await admin.describe_cluster())["brokers"]))
    found = {each["topic"]: each["partitions"] for each in await admin.describe_topics()}
    await _create(admin, [name for name in names if name not in found], replicas)
    existing = {name: found[name] for name in names if name in found}
    if existing:
        kept = await settings_found(admin, existing)
        for name, partitions in existing.items():
            _report(name, _differences(name, partitions, kept.get(name, {}), replicas))


async def _create(admin: AIOKafkaAdminClient, names: Sequence[str], replicas: int) -> None:
    """Create topics; aiokafka gives the broker's refusals in its answer and raises none of them.

    Raises:
        KafkaError: the broker refused one; that it exists by now is no refusal.
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
        kind = for_code(code)
        if code and kind is not TopicAlreadyExistsError:
            refusals.append(f"{name}: {kind.__name__} {(message or [''])[0] or ''}".strip())
    if refusals:
        raise KafkaError("refused to create " + "; ".join(refusals))


async def settings_found(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> Mapping[str, Mapping[str, str]]:
    """The settings that topics have, by topic and name."""
    wanted = dict.fromkeys(settings_of("", 1))
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(wanted)) for name in names]
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in await admin.describe_configs(resources)
        for _, _, _, name, entries in answer.resources
    }


def _differences(
    name: str, partitions: Sequence[Mapping[str, Any]], kept: Mapping[str, str], replicas: int
) -> dict[str, str]:
    """What an existing topic has otherwise than a new one would: `found, not wanted` by setting."""
    copies = min((len(each["replicas"]) for each in partitions), default=0)
    wanted = {
        "partitions": str(PARTITIONS),
        "replicas": str(replicas),
        **settings_of(name, replicas),
    }
    has = {"partitions": str(len(partitions)), "replicas": str(copies), **kept}
    return {
        setting: f"{has[setting]}, not {value}"
        for setting, value in wanted.items()
        if setting in has and has[setting] != value
    }


def _report(name: str, differences: Mapping[str, str]) -> None:
    if differences:
        LOG.warning("a topic differs", extra={"topic": name, "differences": dict(differences)})


def _milliseconds(length: timedelta) -> str:
    return str(length // timedelta(milliseconds=1))
