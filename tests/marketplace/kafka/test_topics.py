"""Topics: created with their settings, and reported where they differ."""

import asyncio
import secrets

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from marketplace import events
from marketplace.errors import TemporaryError
from marketplace.kafka import (
    PARTITIONS,
    EventProducer,
    Record,
    dead_letter_topic,
    ensure_topics,
    topics,
)
from marketplace.storage import MongoStore
from tests.journeys.waiting import eventually
from tests.marketplace.kafka.bench import WITHIN_S, administration


@pytest.mark.usefixtures("kafka_bootstrap_servers")
async def test_sending_without_a_broker_is_a_temporary_error() -> None:
    """Without a broker, the caller gets a temporary error and can retry."""
    producer = EventProducer("127.0.0.1:9")

    with pytest.raises(TemporaryError):
        await producer.send([Record("rfis", "k", b"{}")])
    with pytest.raises(TemporaryError):
        await ensure_topics("127.0.0.1:9")


async def test_topics_are_created_once_by_concurrent_processes(
    kafka_bootstrap_servers: str,
) -> None:
    """Processes that start at the same time all find the topics."""
    group = f"group-{secrets.token_hex(4)}"

    await asyncio.gather(*(ensure_topics(kafka_bootstrap_servers, group=group) for _ in range(4)))
    await ensure_topics(kafka_bootstrap_servers, group=group)

    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap_servers)
    await admin.start()
    names = set(await admin.list_topics())
    await admin.close()
    assert {*events.TOPICS, *(dead_letter_topic(topic, group) for topic in events.TOPICS)} <= names


async def test_a_topic_keeps_records_for_a_shorter_time_than_marks(
    kafka_bootstrap_servers: str, store: MongoStore
) -> None:
    """A replay from offset 0 has no effect twice, even for records of the active segment."""
    group = f"group-{secrets.token_hex(4)}"
    await ensure_topics(kafka_bootstrap_servers, [f"kept-{group}"], group=group)

    async with administration(kafka_bootstrap_servers) as admin:
        # A broker may acknowledge a topic a moment before it describes its settings.
        kept = await eventually(
            lambda: topics.settings_found(admin, [f"kept-{group}"]),
            lambda found: bool(found.get(f"kept-{group}")),
        )

    marks = await store.database["handled_events"].index_information()
    (marked_s,) = [
        index["expireAfterSeconds"] for index in marks.values() if "expireAfterSeconds" in index
    ]
    found = kept[f"kept-{group}"]
    assert (int(found["retention.ms"]) + int(found["segment.ms"])) / 1_000 < marked_s
    assert found["min.insync.replicas"] == "1"


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_one_replica_may_be_down(replicas: int, in_sync: str) -> None:
    """All replicas but one have a record before it is acknowledged."""
    assert topics.settings_of("rfis", replicas)["min.insync.replicas"] == in_sync


async def test_a_topic_refused_by_the_broker_is_reported(kafka_bootstrap_servers: str) -> None:
    """The error names the refused topic and the broker's reason."""
    with pytest.raises(TemporaryError, match=r"no/topic: InvalidTopic"):
        await ensure_topics(kafka_bootstrap_servers, ["no/topic"])


async def test_an_existing_topic_that_differs_is_reported(
    kafka_bootstrap_servers: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The topic stays unchanged, and the log says how a new one would differ."""
    name = f"older-{secrets.token_hex(4)}"
    async with administration(kafka_bootstrap_servers) as admin:
        await admin.create_topics([NewTopic(name, 2, 1, topic_configs={"retention.ms": "-1"})])
        async with asyncio.timeout(WITHIN_S):
            while name not in await admin.list_topics():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    await ensure_topics(kafka_bootstrap_servers, [name])

    (record,) = [
        record for record in caplog.records if record.getMessage() == "topic settings differ"
    ]
    differences = vars(record)["differences"]
    assert vars(record)["topic"] == name
    assert differences["partitions"] == f"2, not {PARTITIONS}"
    assert differences["retention.ms"].startswith("-1, not ")


async def test_all_topics_are_looked_up_by_one_request(
    kafka_bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Topics are queried together, not one request per name."""
    requests: list[object] = []
    metadata = AIOKafkaAdminClient._get_cluster_metadata

    async def counted(self: AIOKafkaAdminClient, topics: object = None) -> object:
        requests.append(topics)
        return await metadata(self, topics)

    await ensure_topics(kafka_bootstrap_servers)
    monkeypatch.setattr(AIOKafkaAdminClient, "_get_cluster_metadata", counted)
    await ensure_topics(kafka_bootstrap_servers)

    assert len(requests) <= 2
