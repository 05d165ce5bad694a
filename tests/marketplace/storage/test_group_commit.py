"""Group commit: one write takes many entries, and every sender gets their own result."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from embedded.servers.running import Running, running
from marketplace.domain.conversations import Entry
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Appended
from marketplace.settings import Settings
from marketplace.storage import MongoStore, open_store
from marketplace.storage.entries import MongoEntries
from marketplace.storage.entry_writer import MAX_BATCH_ENTRIES, EntryWriter
from tests.builders import a_message


class WatchedEntries(MongoEntries):
    """Real entries that record the batch sizes, and can be paused before a write."""

    batches: list[int]
    go_on: asyncio.Event
    began: asyncio.Event
    broken_look_ups = 0

    def watch(self) -> "WatchedEntries":
        """Start recording; writes are not paused."""
        self.batches, self.go_on, self.began = [], asyncio.Event(), asyncio.Event()
        self.go_on.set()
        return self

    async def insert_in_order(self, entries: Sequence[Entry]) -> None:
        """Insert once not paused."""
        self.batches.append(len(entries))
        self.began.set()
        await self.go_on.wait()
        await super().insert_in_order(entries)

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Look up; raises a defect as many times as configured."""
        if self.broken_look_ups:
            self.broken_look_ups -= 1
            raise KeyError("a defect")
        return await super().newest_heads(conversation_ids)


@pytest.fixture
def entries(store: MongoStore) -> WatchedEntries:
    """The entries of the module's store."""
    return WatchedEntries(store.database).watch()


async def test_entries_that_arrive_during_a_write_share_the_next(
    entries: WatchedEntries,
) -> None:
    """A single entry does not wait for others, and a burst takes two writes."""
    writer = EntryWriter(entries)
    entries.go_on.clear()
    first = asyncio.create_task(writer.append(a_message(conversation_id="c")))
    await entries.began.wait()
    rest = [asyncio.create_task(writer.append(a_message(conversation_id="c"))) for _ in range(99)]
    await asyncio.sleep(0)

    entries.go_on.set()
    appended = await asyncio.gather(first, *rest)

    assert entries.batches == [1, 99]
    assert [result.entry.sequence for result in appended] == list(range(1, 101))


async def test_a_burst_of_resends_costs_two_writes(entries: WatchedEntries) -> None:
    """200 resends cost two writes: one that fails at the first, and one for the rest."""
    sent = [a_message(conversation_id=f"c-{number % 20}") for number in range(200)]
    first = await asyncio.gather(*map(EntryWriter(entries).append, sent))
    entries.batches.clear()

    new = [a_message(conversation_id=f"c-{number}") for number in range(20)]
    resent = [replace(message, id=new_id()) for message in sent]
    answers = await asyncio.gather(*map(EntryWriter(entries).append, [*resent, *new]))

    assert entries.batches == [220, 20]
    assert [result.entry for result in answers[:200]] == [result.entry for result in first]
    assert [result.is_new for result in answers] == [False] * 200 + [True] * 20
    assert [result.entry.sequence for result in answers[200:]] == [11] * 20


async def test_moved_heads_are_read_in_one_batch(entries: WatchedEntries) -> None:
    """When another gateway wrote to all fifty conversations, the retry is one write, not fifty."""
    talks = [f"c-{number}" for number in range(50)]
    writer, other = EntryWriter(entries), EntryWriter(entries)

    async def to_each(by: EntryWriter) -> list[Appended]:
        return await asyncio.gather(*(by.append(a_message(conversation_id=c)) for c in talks))

    await to_each(writer)
    await to_each(other)
    entries.batches.clear()
    appended = await to_each(writer)

    assert entries.batches == [50, 50]
    assert [result.entry.sequence for result in appended] == [3] * 50


async def test_cancelled_entries_are_not_written(entries: WatchedEntries) -> None:
    """Cancelled callers do not delay those that came after them."""
    writer = EntryWriter(entries)
    entries.go_on.clear()
    first = asyncio.create_task(writer.append(a_message(conversation_id="c")))
    await entries.began.wait()
    gone = [asyncio.create_task(writer.append(a_message(conversation_id="c"))) for _ in range(50)]
    stays = asyncio.create_task(writer.append(a_message(conversation_id="c")))
    await asyncio.sleep(0)
    for call in gone:
        call.cancel()
    await asyncio.gather(*gone, return_exceptions=True)

    entries.go_on.set()
    appended = await asyncio.gather(first, stays)

    assert [result.entry.sequence for result in appended] == [1, 2]
    assert entries.batches == [1, 1]


async def test_a_batch_is_bounded(entries: WatchedEntries) -> None:
    """A batch is bounded in entries and in characters."""
    writer = EntryWriter(entries)
    small = (a_message(conversation_id="c") for _ in range(MAX_BATCH_ENTRIES + 1))
    large = (a_message(conversation_id="d", body="a" * 8_000) for _ in range(150))

    await asyncio.gather(*map(writer.append, small))
    await asyncio.gather(*map(writer.append, large))

    assert entries.batches == [MAX_BATCH_ENTRIES, 1, 125, 25]


async def test_a_refused_entry_fails_only_its_sender_and_leaves_no_gap(
    entries: WatchedEntries,
) -> None:
    """The database's validator refuses one entry in the middle; the others are consecutive."""
    messages = [a_message(conversation_id=f"c{n % 2}") for n in range(20)]
    messages[7] = replace(messages[7], kind=5)  # type: ignore[arg-type] # which the validator refuses

    outcomes = await asyncio.gather(
        *map(EntryWriter(entries).append, messages), return_exceptions=True
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert [error.code for error in refused] == [Code.INTERNAL]
    assert outcomes[7] is refused[0]
    for name, count in (("c0", 10), ("c1", 9)):
        kept = await entries.after(name, 0, 100)
        assert [entry.sequence for entry in kept] == list(range(1, count + 1))
        wanted = [message.id for n, message in enumerate(messages) if n != 7]
        assert [entry.id for entry in kept] == [
            message_id for message_id in wanted if message_id in _ids(kept)
        ]


async def test_another_writers_entries_shift_the_sequences_and_keep_the_order(
    entries: WatchedEntries, store: MongoStore
) -> None:
    """When another process took the sequence, all later entries move up together."""
    writer, other = EntryWriter(entries), EntryWriter(store.entries)
    await writer.append(a_message(conversation_id="c"))
    theirs = [await other.append(a_message(conversation_id="c")) for _ in range(3)]

    mine = [a_message(conversation_id="c") for _ in range(10)]
    appended = await asyncio.gather(*map(writer.append, mine))

    assert [result.entry.sequence for result in theirs] == [2, 3, 4]
    assert [result.entry.sequence for result in appended] == list(range(5, 15))
    assert [entry.id for entry in await entries.after("c", 4, 20)] == [
        message.id for message in mine
    ]


async def test_a_defect_fails_only_its_own_batch(
    entries: WatchedEntries,
) -> None:
    """The next batch is written without a resend."""
    writer = EntryWriter(entries)
    entries.broken_look_ups = 1
    burst = [a_message(conversation_id="c") for _ in range(MAX_BATCH_ENTRIES + 20)]

    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(*map(writer.append, burst), return_exceptions=True)

    failed = [outcome for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert [error.code for error in failed] == [Code.INTERNAL] * MAX_BATCH_ENTRIES
    assert await entries.heads(["c"]) == {"c": 20}


@pytest.fixture
def own_mongod() -> Iterator[Running]:
    """A MongoDB that the test may kill."""
    with running("mongod") as servers:
        yield servers


async def test_acknowledged_entries_survive_a_killed_server(
    settings: Settings, own_mongod: Running
) -> None:
    """After kill -9 during writes, entries are stored once, dense, in each sender's order."""
    own = replace(
        settings,
        mongodb_url=own_mongod.mongodb_url,
        mongodb_database=f"test-{secrets.token_hex(4)}",
    )
    store = await open_store(own)
    writers = [EntryWriter(store.entries), EntryWriter(store.entries)]
    talks = [new_id(), new_id(), new_id()]
    acknowledged: list[Appended] = []
    enough = asyncio.Event()

    async def send(number: int, talk: str) -> None:
        for _ in range(60):
            message = a_message(conversation_id=talk, sender_id=f"sender-{number}")
            acknowledged.append(await writers[number % 2].append(message))
            if len(acknowledged) == 150:
                enough.set()

    sending = asyncio.gather(*(send(n, talks[n % 3]) for n in range(12)))
    await enough.wait()
    await asyncio.to_thread(own_mongod.kill, "mongod")
    async with asyncio.timeout(60):
        await sending

    assert len(acknowledged) == 12 * 60
    for talk in talks:
        kept = await store.entries.after(talk, 0, 1_000)
        assert [entry.sequence for entry in kept] == list(range(1, 241))
        entries_of_talk = [
            result.entry for result in acknowledged if result.entry.conversation_id == talk
        ]
        assert {entry.id: entry.sequence for entry in entries_of_talk} == {
            entry.id: entry.sequence for entry in kept
        }
        for sender in {entry.sender_id for entry in entries_of_talk}:
            numbers = [entry.sequence for entry in entries_of_talk if entry.sender_id == sender]
            assert numbers == sorted(numbers)
    for writer in writers:
        await writer.close()
    await store.close()


def _ids(kept: list[Entry]) -> set[str]:
    return {entry.id for entry in kept}
