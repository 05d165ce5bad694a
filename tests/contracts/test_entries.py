"""Entries as the store keeps them."""

import asyncio
from functools import partial

import pytest

from marketplace.domain.conversations import Channel, Entry
from marketplace.ports import Repositories, Store
from tests.builders import a_deletion, a_message, a_notice, an_edit


async def _fill(store: Store, conversation_id: str, count: int) -> list[Entry]:
    async def work(to: Repositories) -> list[Entry]:
        return [
            await to.entries.add_next(a_message(conversation_id=conversation_id))
            for _ in range(count)
        ]

    return await store.transact(work)


async def _add(store: Store, entry: Entry) -> Entry:
    return await store.transact(lambda to: to.entries.add_next(entry))


@pytest.mark.parametrize(
    "entry",
    [
        a_message(channel=Channel.SMS, attachments=({"id": "a1", "size_bytes": 2**33},)),
        a_message(body="naïve 🙂, $where and {braces}", correlation_id="r1"),
        an_edit(),
        a_deletion(),
        a_notice(data={"amount_minor": 5, "nested": {"a": [1, None, True]}}),
        a_notice(data=None),
    ],
    ids=["message", "text", "edit", "deletion", "notice", "bare notice"],
)
async def test_a_stored_entry_reads_back_equal_with_its_sequence(
    store: Store, entry: Entry
) -> None:
    """Every kind of entry keeps its fields; the store ignores the sequence it arrives with."""
    numbered = await _add(store, entry)

    assert numbered.sequence == 1
    assert await store.entries.get(entry.id) == numbered
    assert await store.entries.after(entry.conversation_id, 0, 10) == [numbered]


async def test_an_unknown_entry_reads_as_none(store: Store) -> None:
    """Looking up an entry that does not exist returns None."""
    assert await store.entries.get("unknown") is None


async def test_sequences_are_dense_from_one_in_each_conversation(store: Store) -> None:
    """Each conversation has its own sequence; entries of one transaction are consecutive."""
    first = await _fill(store, "c1", 3)
    await _fill(store, "c2", 1)
    second = await _fill(store, "c1", 2)

    assert [entry.sequence for entry in first + second] == [1, 2, 3, 4, 5]
    assert await store.entries.heads(["c1", "c2", "c3"]) == {"c1": 5, "c2": 1, "c3": 0}


async def test_heads_of_no_conversations_are_empty(store: Store) -> None:
    """Asking for the heads of no conversations returns nothing."""
    assert await store.entries.heads([]) == {}


async def test_concurrently_added_entries_have_dense_sequences(store: Store) -> None:
    """Twenty concurrent transactions that each add a notice all get their own sequence."""
    numbered = await asyncio.gather(
        *(_add(store, a_notice(conversation_id="c")) for _ in range(20))
    )

    assert sorted(entry.sequence for entry in numbered) == list(range(1, 21))
    assert len(await store.entries.after("c", 0, 100)) == 20


async def test_a_rolled_back_entry_leaves_its_sequence_free(store: Store) -> None:
    """The next entry gets the sequence of an entry that was rolled back."""

    async def fail(to: Repositories) -> None:
        await to.entries.add_next(a_notice(conversation_id="c"))
        raise RuntimeError("changed our mind")

    with pytest.raises(RuntimeError):
        await store.transact(fail)

    assert [entry.sequence for entry in await _fill(store, "c", 1)] == [1]


async def test_a_notice_can_demand_that_its_transaction_saw_all_before_it(store: Store) -> None:
    """A message that is added meanwhile is seen by the next attempt, or comes after the notice."""

    async def look_and_add(to: Repositories, conversation_id: str) -> tuple[bool, Entry]:
        has_seen = await to.entries.has_message_of(conversation_id, "vera")
        notice = a_notice(conversation_id=conversation_id)
        return has_seen, await to.entries.add_next(notice, follows_seen=True)

    for number in range(20):
        message = a_message(conversation_id=f"c{number}", sender_id="vera")
        (has_seen, notice), message = await asyncio.gather(
            store.transact(partial(look_and_add, conversation_id=message.conversation_id)),
            _add(store, message),
        )
        assert has_seen == (message.sequence < notice.sequence)


async def test_forward_pages_follow_a_sequence_oldest_first(store: Store) -> None:
    """Catch-up continues after any sequence, in pages of any size."""
    entries = await _fill(store, "c", 7)

    assert await store.entries.after("c", 0, 3) == entries[:3]
    assert await store.entries.after("c", 3, 10) == entries[3:]
    assert await store.entries.after("c", 7, 10) == []
    assert await store.entries.after("unknown", 0, 10) == []


async def test_backward_pages_end_right_before_a_sequence(store: Store) -> None:
    """Scrolling up returns the entries right before a sequence, oldest first."""
    entries = await _fill(store, "c", 7)

    assert await store.entries.before("c", None, 3) == entries[4:]
    assert await store.entries.before("c", 5, 3) == entries[1:4]
    assert await store.entries.before("c", 2, 3) == entries[:1]
    assert await store.entries.before("c", 1, 3) == []
    assert await store.entries.before("unknown", None, 3) == []


async def test_concurrent_page_reads_return_their_own_entries(store: Store) -> None:
    """Concurrent reads each get the entries of their own conversation and position."""
    kept = {name: await _fill(store, name, 5) for name in ("c1", "c2", "c3")}

    forward = [store.entries.after(name, n, 2) for name in kept for n in range(6)]
    backward = [store.entries.before(name, n, 2) for name in kept for n in range(1, 7)]
    same = [store.entries.after("c1", 1, 3) for _ in range(3)]
    found = await asyncio.gather(*forward, *same, *backward)

    expected = [entries[n : n + 2] for entries in kept.values() for n in range(6)]
    again = [kept["c1"][1:4]] * 3
    earlier = [entries[max(0, n - 3) : n - 1] for entries in kept.values() for n in range(1, 7)]
    assert list(found) == expected + again + earlier


async def test_entries_without_a_client_message_id_do_not_collide(store: Store) -> None:
    """Edits by one person and notices are all stored, although they have no client message id."""
    for entry in (
        an_edit(conversation_id="c", sender_id="carla"),
        an_edit(conversation_id="c", sender_id="carla"),
        a_notice(conversation_id="c"),
        a_notice(conversation_id="c"),
    ):
        await _add(store, entry)

    assert await store.entries.heads(["c"]) == {"c": 4}


async def test_a_message_is_found_by_what_its_sender_called_it(store: Store) -> None:
    """In its conversation, and not under another sender or id."""
    message = await store.transact(lambda to: to.entries.add_next(a_message()))
    ids = (message.conversation_id, message.sender_id or "", message.client_message_id or "")

    assert await store.entries.sent_as(*ids) == message
    for place in range(3):
        other = [*ids]
        other[place] = "other"
        assert await store.entries.sent_as(*other) is None


async def test_a_deleted_message_is_known_as_deleted(store: Store) -> None:
    """An edited one is not."""
    message = await store.transact(lambda to: to.entries.add_next(a_message()))
    about = {"conversation_id": message.conversation_id, "message_id": message.id}
    await store.transact(lambda to: to.entries.add_next(an_edit(**about)))
    assert not await store.entries.is_deleted(message.id)

    await store.transact(lambda to: to.entries.add_deletion(a_deletion(**about)))

    assert await store.entries.is_deleted(message.id)
