"""The running consumer: from Kafka, past a malformed record, to MongoDB."""

import asyncio
from dataclasses import replace

from aiokafka import AIOKafkaConsumer

from marketplace import events
from marketplace.actions.events import rfi_event
from marketplace.bootstrap import open_parts
from marketplace.kafka import EventProducer, Record, dead_letter_topic, ensure_topics
from marketplace.process import Process
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from matching.__main__ import main
from tests.builders import a_revision, a_vendor, an_actor, an_rfi
from tests.realtime.gateways import free_port


async def test_records_after_a_malformed_one_are_handled(
    settings: Settings, store: MongoStore, kafka_bootstrap_servers: str
) -> None:
    """The malformed record becomes a dead letter, with its position and error."""
    rfi = an_rfi()
    await store.vendors.add(a_vendor())
    await store.rfis.add(rfi, a_revision(rfi))
    good = events.encode(rfi_event("rfi.submitted", rfi, a_revision(rfi), an_actor()))
    poison = b'{"name": "rfi.submitted", "data": 7}'
    await ensure_topics(kafka_bootstrap_servers, group="matching")
    producer = EventProducer(kafka_bootstrap_servers)
    await producer.send([Record("rfis", rfi.id, poison), Record("rfis", rfi.id, good)])
    await producer.close()

    async with open_parts(replace(settings, bind_port=free_port())) as parts:
        process = Process(parts)
        running = asyncio.create_task(main(process))
        async with asyncio.timeout(40):
            while not await store.matches.of_rfi(rfi.id):  # noqa: ASYNC110 # done by the consumer
                await asyncio.sleep(0.05)
        is_ready, checks = await process.health()
        assert is_ready, checks
        process.stopping.set()
        await running

    dead = AIOKafkaConsumer(
        dead_letter_topic("rfis", "matching"),
        bootstrap_servers=kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    )
    await dead.start()
    try:
        async with asyncio.timeout(20):
            async for record in dead:
                if record.key == rfi.id.encode():
                    break
    finally:
        await dead.stop()
    headers = dict(record.headers)
    assert record.value == poison
    assert headers["topic"] == b"rfis"
    assert headers["offset"].isdigit()
    assert headers["partition"].isdigit()
    assert b"unreadable event" in headers["error"]
