"""The tail of committed documents: whole batches, in order, from the stored position on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
import pytest_asyncio

from marketplace.bootstrap import SystemClock
from marketplace.domain.conversations import Entry
from marketplace.errors import TemporaryError
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from marketplace.storage.restore import after_restore
from marketplace.storage.tail import Batch, OutboxRecord, Tail
from tests.builders import NOW, a_message
from tests.marketplace.every_event import an_event_of


@pytest_asyncio.fixture
async def tail(settings: Settings, store: MongoStore) -> AsyncIterator[Tail]:
    """A tail of the module's database, without a stored position."""
    opened = Tail(settings)
    yield opened
    await opened.close()


async def says(store: MongoStore, count: int) -> list[str]:
    """Append messages concurrently; returns their ids in order."""
    writer = EntryWriter(store.entries)
    messages = [a_message(conversation_id="c") for _ in range(count)]
    await asyncio.gather(*map(writer.append, messages))
    return [message.id for message in messages]


async def take(batches: AsyncGenerator[Batch, None], count: int) -> list[Batch]:
    """Read until `count` documents have arrived."""
    taken: list[Batch] = []
    async with asyncio.timeout(20):
        async for batch in batches:
            taken.append(batch)
            if sum(len(batch.committed) for batch in taken) >= count:
                break
    return taken


def ids(taken: list[Batch]) -> list[str]:
    """The ids in order of arrival."""
    return [document.id for batch in taken for document in batch.committed]


async def begin(batches: AsyncGenerator[Batch, None]) -> None:
    """Read the first, empty batch: the stream is open."""
    async with asyncio.timeout(20):
        assert (await anext(batches)).committed == ()


async def test_changes_sent_together_are_one_batch(store: MongoStore, tail: Tail) -> None:
    """A burst costs one round trip, not one per document."""
    async with aclosing(tail.batches()) as batches:
        await begin(batches)
        sent = await says(store, 400)
        taken = await take(batches, 400)

    assert ids(taken) == sent
    assert max(len(batch.committed) for batch in taken) >= 50
    assert all(isinstance(document, Entry) for batch in taken for document in batch.committed)


async def test_an_outbox_record_is_read_ready_for_kafka(store: MongoStore, tail: Tail) -> None:
    """A record has topic, key and bytes ready for Kafka, and the RFI's revision if it made one."""
    event = an_event_of("rfi.submitted")

    async with aclosing(tail.batches()) as batches:
        await begin(batches)
        await store.transact(lambda to: to.outbox.add(event))
        (record,) = (await take(batches, 1))[-1].committed

    assert isinstance(record, OutboxRecord)
    assert (record.id, record.topic, record.key) == (event.id, "rfis", event.key)
    assert (record.name, record.position) == (event.name, event.data["revision"]["revision"])


async def test_reading_continues_from_the_saved_position(
    store: MongoStore, tail: Tail, settings: Settings
) -> None:
    """Published documents are not read again; those committed meanwhile are."""
    async with aclosing(tail.batches()) as batches:
        await begin(batches)
        await says(store, 5)
        token = (await take(batches, 5))[-1].token
    assert token is not None
    await tail.keep_position(token, SystemClock().now())
    missed = await says(store, 5)

    later = Tail(settings)
    async with aclosing(later.batches()) as batches:
        taken = await take(batches, 5)
    await later.close()

    assert ids(taken) == missed


async def test_without_a_position_everything_stored_is_read(store: MongoStore, tail: Tail) -> None:
    """A backlog has no token, so its position is not stored before all of it is published."""
    sent = await says(store, 30)

    async with aclosing(tail.batches()) as batches:
        taken = await take(batches, 30)

    assert ids(taken) == sent
    assert {batch.token for batch in taken} == {None}


async def test_after_a_restore_entries_before_the_position_are_read_again(
    store: MongoStore, tail: Tail, settings: Settings
) -> None:
    """After a restore, entries before the stored position are read again.

    Consumers may not have handled them in the restored history.  A relay that is still running
    neither overwrites the position nor continues from its own.
    """
    async with aclosing(tail.batches()) as batches:
        await begin(batches)
        sent = await says(store, 5)
        token = (await take(batches, 5))[-1].token
        assert token is not None
        await tail.keep_position(token, NOW)

        await after_restore(
            settings.mongodb_url, settings.mongodb_database, lambda _: None, noticed_within_s=0.0
        )

        with pytest.raises(TemporaryError):
            await tail.keep_position(token, NOW)
    async with aclosing(tail.batches()) as batches:
        taken = await take(batches, 5)
        assert ids(taken) == sent
        token = next(batch.token for batch in [await anext(batches)])
        assert token is not None
        await tail.keep_position(token, NOW)


async def test_an_unavailable_server_is_a_temporary_error(settings: Settings) -> None:
    """The relay waits and retries."""
    nowhere = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100"
    tail = Tail(replace(settings, mongodb_url=nowhere))

    with pytest.raises(TemporaryError):
        await anext(tail.batches())
    await tail.close()
