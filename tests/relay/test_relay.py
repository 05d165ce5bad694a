"""Every commit reaches Kafka, in order for each key, whatever crashes meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio

from embedded.servers.running import Running, running
from marketplace import live, tasks
from marketplace.actions.events import rfi_event
from marketplace.bootstrap import SystemClock
from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Entry
from marketplace.domain.rfis import Rfi
from marketplace.events import Event
from marketplace.ids import new_id
from marketplace.kafka import ensure_topics
from marketplace.ports import (
    Repositories,
    Signal,
    SignalName,
    conversation_room,
    rfi_room,
)
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from tests.builders import a_message, a_revision, an_actor, an_edit, an_rfi
from tests.relay.conftest import RunningRelay, StartRelay
from tests.relay.topics import Topics, first_of_each


async def says(store: MongoStore, conversation_id: str, count: int) -> list[str]:
    """Append messages through the entry writer; returns their ids in order."""
    writer, now = EntryWriter(store.entries), SystemClock().now()
    messages = [a_message(conversation_id=conversation_id, at=now) for _ in range(count)]
    await asyncio.gather(*map(writer.append, messages))
    return [message.id for message in messages]


async def changes(store: MongoStore, rfi: Rfi, count: int) -> list[str]:
    """Commit events of an RFI one after the other; returns their ids in order."""
    now = SystemClock().now()
    events: list[Event] = []
    for number in range(1, count + 1):
        revision = a_revision(rfi, revision=number, at=now)
        event = rfi_event("rfi.revised", rfi, revision, an_actor())
        await store.transact(lambda to, event=event: to.outbox.add(event))  # type: ignore[misc] # bound
        events.append(event)
    return [event.id for event in events]


async def position_saved(store: MongoStore) -> None:
    """Wait until a relay has stored its position."""
    async with asyncio.timeout(10):
        while await store.database["relay_positions"].find_one() is None:  # noqa: ASYNC110 # done by the relay
            await asyncio.sleep(0.02)


async def test_commits_of_one_key_arrive_in_order(
    store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """Outbox and entries keep their order while several conversations and RFIs run in parallel."""
    rfis, talks = [an_rfi() for _ in range(3)], [new_id() for _ in range(3)]
    async with start_relay():
        committed = await asyncio.gather(
            *(changes(store, rfi, 15) for rfi in rfis),
            *(says(store, talk, 60) for talk in talks),
        )
        keys = [*(rfi.id for rfi in rfis), *talks]
        await topics.until(
            lambda: all(
                len(first_of_each(topics.of(k))) >= len(ids)
                for k, ids in zip(keys, committed, strict=True)
            )
        )

    for key, ids in zip(keys, committed, strict=True):
        assert first_of_each(topics.of(key)) == ids
    assert {event.topic for event in topics.of(talks[0])} == {"conversations"}
    assert {event.name for event in topics.of(rfis[0].id)} == {"rfi.revised"}


async def test_each_kind_of_entry_is_sent_as_its_own_event(
    store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """A message is an event with the message's id; an edit is `message.edited`."""

    async def work(to: Repositories) -> tuple[Entry, Entry]:
        new_message = a_message(correlation_id="request-1", sender_role=Role.VENDOR)
        message = await to.entries.add_next(new_message)
        edit = an_edit(conversation_id=message.conversation_id, message_id=message.id)
        return message, await to.entries.add_next(edit)

    async with start_relay():
        message, edit = await store.transact(work)
        await topics.until(lambda: len(topics.of(message.conversation_id)) == 2)

    sent, edited = topics.of(message.conversation_id)
    assert (sent.id, sent.name, sent.correlation_id) == (message.id, "message.sent", "request-1")
    assert sent.data["message"]["body"] == message.body
    assert sent.actor == {"account_id": message.sender_id, "role": "vendor"}
    assert (edited.id, edited.name) == (edit.id, "message.edited")
    assert edited.data["entry"]["message_id"] == message.id


async def test_the_first_start_sends_the_backlog(
    store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """Without a position, the backlog is sent first, then new commits."""
    talk, rfi = new_id(), an_rfi()
    before = await says(store, talk, 30)
    changed = await changes(store, rfi, 4)

    async with start_relay():
        await topics.until(lambda: len(topics.of(talk)) >= 30)
        after = await says(store, talk, 5)
        await topics.until(lambda: set(after) <= {event.id for event in topics.of(talk)})

    assert first_of_each(topics.of(talk)) == before + after
    assert first_of_each(topics.of(rfi.id)) == changed


async def test_after_a_crash_the_relay_continues_from_the_saved_position(
    store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """Delivery is at least once: nothing is missing, and not everything is sent again."""
    talk = new_id()
    async with start_relay() as relay:
        first = await says(store, talk, 20)
        await topics.until(lambda: set(first) <= {event.id for event in topics.of(talk)})
        await position_saved(store)
        await asyncio.sleep(0.5)  # an idle relay stores the position after the last batch
        await relay.crash()
    second = await says(store, talk, 20)

    async with start_relay("relay-2"):
        await topics.until(lambda: set(second) <= {event.id for event in topics.of(talk)})

    assert first_of_each(topics.of(talk)) == first + second
    assert len(topics.of(talk)) < 60


def _aged(token: dict[str, str]) -> dict[str, str]:
    """A resume token from 2001, older than any oplog: its first eight digits are its time."""
    data = token["_data"]
    return {"_data": f"{data[:2]}{0x3B000000:08X}{data[10:]}"}


@pytest.mark.parametrize("damage", ["too old", "unreadable"])
async def test_an_unusable_position_falls_back_to_the_collections(
    damage: str, store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """When the oplog does not reach back, commits since then are read from the collections."""
    talk = new_id()
    async with start_relay():
        first = await says(store, talk, 10)
        await topics.until(lambda: set(first) <= {event.id for event in topics.of(talk)})
        await position_saved(store)
    positions = store.database["relay_positions"]
    kept = await positions.find_one()
    assert kept is not None
    token = _aged(kept["token"]) if damage == "too old" else {"_data": "00"}
    at = kept["at"] - timedelta(minutes=1)
    await positions.update_one({}, {"$set": {"token": token, "at": at}})
    missed = await says(store, talk, 10)

    async with start_relay("relay-2"):
        await topics.until(lambda: set(missed) <= {event.id for event in topics.of(talk)})
        after = await says(store, talk, 3)
        await topics.until(lambda: set(after) <= {event.id for event in topics.of(talk)})

    assert first_of_each(topics.of(talk)) == first + missed + after


async def test_one_of_two_relays_works_and_the_other_takes_over(
    store: MongoStore, topics: Topics, start_relay: StartRelay
) -> None:
    """The other takes over at once after a shutdown, within the lease after a crash; never both."""
    talk = new_id()
    leases = store.database["leases"]

    async def holder() -> str | None:
        found = await leases.find_one({"_id": "relay"})
        return str(found["holder"]).partition(":")[0] if found else None

    async def held_by(name: str, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while await holder() != name:  # noqa: ASYNC110 # done by the relays
                await asyncio.sleep(0.02)

    async def arrive(ids: list[str]) -> None:
        await topics.until(lambda: set(ids) <= {event.id for event in topics.of(talk)})

    async with start_relay("relay-1") as one:
        await held_by("relay-1", 10)
        async with start_relay("relay-2") as two:
            ids = await says(store, talk, 10)
            await arrive(ids)
            assert await holder() == "relay-1"

            await one.stop()
            await held_by("relay-2", 1.5)
            ids += await says(store, talk, 10)
            await arrive(ids)

            async with start_relay("relay-3"):
                await _die_holding(two, store)
                ids += await says(store, talk, 10)
                await held_by("relay-3", 8)
                await arrive(ids)

    assert first_of_each(topics.of(talk)) == ids


async def _die_holding(relay: RunningRelay, store: MongoStore) -> None:
    """Crash and leave the lease in place, as a killed process does."""
    found = await store.database["leases"].find_one({"_id": "relay"})
    assert found is not None
    await relay.crash()
    await store.database["leases"].replace_one({"_id": "relay"}, found, upsert=True)


@pytest_asyncio.fixture
async def heard(redis_url: str) -> AsyncIterator["asyncio.Queue[live.LiveItem]"]:
    """What is announced to the rooms of `heard-c` and `heard-r`."""
    queue: asyncio.Queue[live.LiveItem] = asyncio.Queue()
    background = tasks.Background(pytest.fail)

    async def nothing_missed() -> None:
        pass

    subscriber = live.Subscriber(
        redis_url, "listener", "listener", queue.put_nowait, nothing_missed
    )
    subscriber.start(background)
    await subscriber.join(conversation_room("heard-c"))
    await subscriber.join(rfi_room("heard-r"))
    yield queue
    await background.end()
    await subscriber.close()


@pytest.mark.usefixtures("topics")
async def test_heads_are_announced_again(
    store: MongoStore, heard: "asyncio.Queue[live.LiveItem]", start_relay: StartRelay
) -> None:
    """If a writer dies before it announces, nobody waits longer than two seconds."""
    heads: dict[str, int] = {}
    async with start_relay():
        await says(store, "heard-c", 7)
        await changes(store, an_rfi(id="heard-r"), 3)
        async with asyncio.timeout(15):
            while heads != {conversation_room("heard-c"): 7, rfi_room("heard-r"): 3}:
                signal = await heard.get()
                assert type(signal) is Signal
                assert signal.name is SignalName.HEAD
                heads[signal.room] = signal.position or 0


@pytest.fixture
def own_kafka() -> Iterator[Running]:
    """A broker that the test may stop."""
    with running("kafka") as servers:
        yield servers


async def test_a_kafka_outage_loses_nothing(
    store: MongoStore, start_relay: StartRelay, own_kafka: Running
) -> None:
    """Commits made during a Kafka outage arrive afterwards, in order, without intervention."""
    bootstrap_servers = own_kafka.kafka_bootstrap_servers
    await ensure_topics(bootstrap_servers)
    talk = new_id()
    async with start_relay(kafka_bootstrap_servers=bootstrap_servers):
        ids = await says(store, talk, 10)
        await asyncio.to_thread(own_kafka.stop, "kafka")
        ids += await says(store, talk, 10)
        await asyncio.to_thread(own_kafka.start, "kafka")
        ids += await says(store, talk, 10)
        topics = Topics(bootstrap_servers)
        await topics.start()
        await topics.until(lambda: set(ids) <= {event.id for event in topics.of(talk)})
        await topics.stop()

    assert first_of_each(topics.of(talk)) == ids
