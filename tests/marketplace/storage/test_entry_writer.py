"""The entry writer when its store fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError

from marketplace.domain.conversations import Entry
from marketplace.errors import Code, ParleyError, TemporaryError
from marketplace.ports import Appended
from marketplace.storage import MongoStore, entry_writer
from marketplace.storage.entries import MongoEntries
from marketplace.storage.entry_writer import EntryWriter
from tests.builders import a_message, an_edit

DUPLICATE = {"index": 0, "code": 11_000, "errmsg": "E11000 duplicate key"}
NOT_REPLICATED = {"code": 64, "errmsg": "waiting for replication timed out"}


class FailingOnceEntries(MongoEntries):
    """Real entries that fail once, at one point, after doing the work."""

    fails_to_insert: Exception | None = None
    fails_to_look_up: Exception | None = None
    insertions = 0
    # How many lookups by majority still miss what the primary has.
    replicates_after = 0
    acknowledged_too_early = False
    first: "asyncio.Task[Appended] | None" = None

    async def insert_in_order(self, entries: Sequence[Entry]) -> None:
        """Insert, and fail the first time."""
        self.insertions += 1
        if self.insertions == 2 and self.first is not None and self.first.done():
            self.acknowledged_too_early = True
        await super().insert_in_order(entries)
        if self.fails_to_insert is not None:
            failure, self.fails_to_insert = self.fails_to_insert, None
            raise failure

    async def get_stored(self, entries: Sequence[Entry]) -> dict[str, Entry]:
        """Fail the first time, and look up after that."""
        if self.replicates_after:
            self.replicates_after -= 1
            return {}
        if self.fails_to_look_up is not None:
            failure, self.fails_to_look_up = self.fails_to_look_up, None
            raise failure
        return await super().get_stored(entries)


@pytest.fixture
def entries(store: MongoStore) -> FailingOnceEntries:
    """Entries of a real store that will fail once."""
    return FailingOnceEntries(store.database)


async def test_a_lost_answer_does_not_duplicate_the_message(
    entries: FailingOnceEntries,
) -> None:
    """After a lost answer, the retry finds the entries and acknowledges them as new."""
    entries.fails_to_insert = AutoReconnect("connection reset")
    messages = [a_message(conversation_id="c") for _ in range(5)]
    writer = EntryWriter(entries)

    appended = await asyncio.gather(*map(writer.append, messages))

    assert [result.entry.sequence for result in appended] == [1, 2, 3, 4, 5]
    assert all(result.is_new for result in appended)
    assert [entry.id for entry in await entries.after("c", 0, 10)] == [
        message.id for message in messages
    ]


@pytest.mark.parametrize("problems", [[], [DUPLICATE | {"index": 1}]], ids=["alone", "beside"])
async def test_an_unreplicated_write_is_not_acknowledged(
    entries: FailingOnceEntries, problems: list[dict[str, object]]
) -> None:
    """A write that did not reach a majority in time is repeated before it is acknowledged.

    This also holds when the same answer reports an entry that was not inserted.
    """
    entries.fails_to_insert = BulkWriteError(
        {"writeErrors": problems, "writeConcernErrors": [NOT_REPLICATED]}
    )
    writer = EntryWriter(entries)
    calls = [asyncio.create_task(writer.append(a_message(conversation_id="c"))) for _ in range(2)]
    entries.first = calls[0]

    appended = await asyncio.gather(*calls)

    assert entries.insertions > 1
    assert not entries.acknowledged_too_early
    assert [result.entry.sequence for result in appended] == [1, 2]


async def test_an_unreplicated_edit_is_not_acknowledged(
    entries: FailingOnceEntries,
) -> None:
    """The primary has the edit of the first attempt; that alone does not answer the second one."""
    writer = EntryWriter(entries)
    message = (await writer.append(a_message(conversation_id="c"))).entry
    edit = an_edit(conversation_id="c", message_id=message.id, sender_id=message.sender_id)
    entries.fails_to_insert = BulkWriteError(
        {"writeErrors": [], "writeConcernErrors": [NOT_REPLICATED]}
    )
    entries.replicates_after = 2

    appended = await writer.append(edit)

    assert entries.replicates_after == 0
    assert (appended.entry.id, appended.entry.sequence, appended.is_new) == (edit.id, 2, True)
    assert [entry.id for entry in await entries.after("c", 0, 10)] == [message.id, edit.id]


async def test_the_look_up_of_a_resend_is_retried_after_an_outage(
    entries: FailingOnceEntries,
) -> None:
    """The sender waits a moment and gets the first answer."""
    message = a_message(conversation_id="c")
    first = await EntryWriter(entries).append(message)
    entries.fails_to_look_up = TemporaryError("MongoDB: AutoReconnect")

    again = await EntryWriter(entries).append(message)

    assert again.entry == first.entry


async def test_a_long_outage_is_reported_as_unavailable(
    entries: FailingOnceEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the deadline, the sender is told to retry with the same ids."""

    async def away(_: Sequence[Entry]) -> None:
        raise TemporaryError("MongoDB: ServerSelectionTimeoutError")

    monkeypatch.setattr(entry_writer, "GIVE_UP_AFTER_S", 0.2)
    monkeypatch.setattr(entries, "insert_in_order", away)

    with pytest.raises(ParleyError) as refused:
        await EntryWriter(entries).append(a_message())

    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.retry_after_ms is not None


async def test_what_follows_a_given_up_message_is_given_up_too(
    entries: FailingOnceEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender's later message is not stored before the earlier one; other senders' are."""
    monkeypatch.setattr(entry_writer, "GIVE_UP_AFTER_S", 0.05)
    writer, insert, now = (
        EntryWriter(entries),
        entries.insert_in_order,
        asyncio.get_running_loop().time,
    )
    first = a_message(conversation_id="c")
    second, other = replace(first, id="2", client_message_id="2"), a_message(conversation_id="c")
    calls = [asyncio.create_task(writer.append(first))]
    began_at = now()

    async def away_until_given_up(batch: Sequence[Entry]) -> None:
        if calls[0].done():
            return await insert(batch)
        if len(calls) == 1 and now() - began_at > entry_writer.GIVE_UP_AFTER_S:
            calls.extend(asyncio.create_task(writer.append(entry)) for entry in (second, other))
            await asyncio.sleep(0)  # they wait in the queue now
        raise TemporaryError("MongoDB: ServerSelectionTimeoutError")

    monkeypatch.setattr(entries, "insert_in_order", away_until_given_up)
    with pytest.raises(ParleyError):
        await calls[0]
    outcomes = await asyncio.gather(*calls[1:], return_exceptions=True)

    assert isinstance(outcomes[0], ParleyError)
    assert outcomes[0].code is Code.UNAVAILABLE
    assert [entry.id for entry in await entries.after("c", 0, 10)] == [other.id]


async def test_a_full_queue_refuses_entries_at_once(
    entries: FailingOnceEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is bounded: refused senders learn when to retry, and the others are served."""
    monkeypatch.setattr(entry_writer, "MAX_WAITING", 10)
    writer = EntryWriter(entries)

    outcomes = await asyncio.gather(
        *(writer.append(a_message(conversation_id="c")) for _ in range(15)),
        return_exceptions=True,
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert [refusal.code for refusal in refusals] == [Code.UNAVAILABLE] * 5
    assert await entries.heads(["c"]) == {"c": 10}


async def test_a_closing_writer_finishes_its_queue_and_accepts_nothing_new(
    entries: FailingOnceEntries,
) -> None:
    """Accepted entries are acknowledged; later ones are refused as draining."""
    writer = EntryWriter(entries)
    calls = [asyncio.create_task(writer.append(a_message(conversation_id="c"))) for _ in range(50)]
    await asyncio.sleep(0)

    await writer.close()

    assert len(await asyncio.gather(*calls)) == 50
    with pytest.raises(ParleyError) as refused:
        await writer.append(a_message(conversation_id="c"))
    assert refused.value.code is Code.DRAINING
