"""A separate topic and consumer group for each test, on a real broker."""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from marketplace.kafka import consumer as consuming
from marketplace.kafka import (
    dead_letter_topic,
    ensure_topics,
    partitions,
)
from tests.marketplace.kafka.bench import Bench


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """A new group with short pauses; the tests create its topics."""

    async def nothing(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr(consuming, "ensure_topics", nothing)
    monkeypatch.setattr(partitions, "LONGEST_PAUSE_S", 0.1)
    return f"group-{secrets.token_hex(4)}"


@pytest_asyncio.fixture
async def topic(kafka_bootstrap_servers: str, group: str) -> AsyncIterator[str]:
    """A new topic with two partitions, and its dead-letter topic."""
    name = f"topic-{secrets.token_hex(4)}"
    await ensure_topics(kafka_bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap_servers)
    await admin.start()
    await admin.create_topics(
        [NewTopic(name, 2, 1), NewTopic(dead_letter_topic(name, group), 1, 1)]
    )
    yield name
    await admin.delete_topics([name, dead_letter_topic(name, group)])
    await admin.close()


@pytest_asyncio.fixture
async def bench(kafka_bootstrap_servers: str, group: str, topic: str) -> AsyncIterator[Bench]:
    """A group on a topic."""
    opened = Bench(kafka_bootstrap_servers, group, topic)
    yield opened
    await opened.stop()
