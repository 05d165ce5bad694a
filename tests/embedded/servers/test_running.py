"""The real servers have the features that the product needs, and keep their data over restarts."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from embedded.errors import StackError
from embedded.servers.running import Running, running
from embedded.supervision import ports


@pytest.fixture(scope="module")
def servers() -> Iterator[Running]:
    """Run all three servers for the tests of this module."""
    with running() as started:
        yield started


async def test_mongodb_supports_transactions_and_change_streams(servers: Running) -> None:
    """A set of one member is enough for both; the change arrives when its transaction is committed."""
    async with AsyncMongoClient[dict[str, object]](servers.mongodb_url) as client:
        things = client.tests.things
        await things.insert_one({"_id": 0})
        async with await things.watch() as changes:
            async with client.start_session() as session, await session.start_transaction():
                await things.insert_one({"_id": 1}, session=session)
            change = await asyncio.wait_for(changes.next(), 5)

    assert change["documentKey"] == {"_id": 1}


async def test_valkey_supports_sharded_publish_and_subscribe(servers: Running) -> None:
    """`ssubscribe` receives what `spublish` sends."""
    async with Redis.from_url(servers.redis_url) as client, client.pubsub() as listener:
        await listener.ssubscribe("conversation:1")
        await listener.get_message(timeout=5)

        await client.spublish("conversation:1", "head 7")

        heard = await listener.get_message(ignore_subscribe_messages=True, timeout=5)
    assert heard is not None
    assert heard["data"] == b"head 7"


async def test_kafka_keeps_records_over_restarts(servers: Running) -> None:
    """A consumer group reads, in order, the records acknowledged before a stop and a kill."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka_bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("letters", 1, 1)])
    await admin.close()
    await _produce(servers, b"a", b"b")

    await asyncio.to_thread(servers.stop, "kafka")
    await asyncio.to_thread(servers.start, "kafka")
    await _produce(servers, b"c")
    first = servers.pid("kafka")
    servers.kill("kafka")
    async with asyncio.timeout(30):
        while servers.pid("kafka") in {first, None}:  # noqa: ASYNC110 (another process's state)
            await asyncio.sleep(0.1)
    await asyncio.to_thread(servers.stop, "kafka")
    await asyncio.to_thread(servers.start, "kafka")

    consumer = AIOKafkaConsumer(
        "letters", bootstrap_servers=servers.kafka_bootstrap_servers, group_id="readers",
        auto_offset_reset="earliest",
    )  # fmt: skip
    await consumer.start()
    try:
        records = [await asyncio.wait_for(consumer.getone(), 20) for _ in range(3)]
    finally:
        await consumer.stop()
    assert [record.value for record in records] == [b"a", b"b", b"c"]


async def _produce(servers: Running, *values: bytes) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.kafka_bootstrap_servers, acks="all", enable_idempotence=True
    )
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("letters", value)
    finally:
        await producer.stop()


async def test_the_replica_set_survives_a_change_of_port(tmp_path: Path) -> None:
    """On a new port, the existing data's set gets a new member address and has a primary again."""
    with running("mongod", data=tmp_path) as servers:
        async with AsyncMongoClient[dict[str, object]](servers.mongodb_url) as client:
            await client.tests.things.insert_one({"_id": "kept"})
        port = int(servers.url("mongod").rpartition(":")[2].partition("/")[0])

    with taken(port), running("mongod", data=tmp_path) as servers:
        assert f":{port}/" not in servers.mongodb_url
        async with AsyncMongoClient[dict[str, object]](servers.mongodb_url) as client:
            assert await client.tests.things.find_one() == {"_id": "kept"}


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Take a port without listening on it."""
    with socket.socket() as other:
        other.bind((ports.HOST, port))
        yield


def test_a_subset_of_servers_starts_within_seconds() -> None:
    """MongoDB and Valkey start and stop fast enough for a single test."""
    began_at = time.monotonic()

    with running("mongod", "valkey") as servers:
        assert set(servers.environment) == {"MONGODB_URL", "REDIS_URL"}

    assert time.monotonic() - began_at < 8


def test_an_unknown_server_is_a_clear_error() -> None:
    """The sentence lists the known ones, and nothing was started."""
    with (
        pytest.raises(
            StackError, match="Unknown server postgres; known servers: mongod, valkey, kafka"
        ),
        running("valkey", "postgres"),
    ):
        pass
