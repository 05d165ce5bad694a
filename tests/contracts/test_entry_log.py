"""Appending entries at a high rate."""

import asyncio
from dataclasses import replace

import pytest

from marketplace.domain.conversations import Conversation, Entry
from marketplace.domain.requests import RequestKey
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import EntryLog, Repositories, Store
from tests.builders import a_conversation, a_message, a_notice
from tests.contracts.conftest import NewEntryLog


async def test_an_appended_entry_is_stored_under_the_returned_sequence(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """When `append` returns, everybody can read the entry under the sequence it returned."""
    message = a_message(sequence=99)

    appended = await new_entry_log().append(message)

    assert appended.is_new
    assert appended.entry == replace(message, sequence=1)
    assert await store.entries.get(message.id) == appended.entry


async def test_appends_of_one_log_keep_their_order(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """A sender's messages are stored in the order they were sent, however many are in flight."""
    log = new_entry_log()
    messages = [a_message(conversation_id="c", sender_id="carla") for _ in range(100)]

    appended = await asyncio.gather(*(log.append(message) for message in messages))

    assert [result.entry.sequence for result in appended] == list(range(1, 101))
    kept = await store.entries.after("c", 0, 200)
    assert [entry.id for entry in kept] == [message.id for message in messages]


async def test_concurrent_appends_of_two_logs_have_dense_sequences(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Two processes write to one conversation: no gap, no duplicate, and each order is kept."""
    logs = [new_entry_log(), new_entry_log()]
    messages = [a_message(conversation_id="c", sender_id=f"s{n % 2}") for n in range(200)]

    appended = await asyncio.gather(
        *(logs[n % 2].append(message) for n, message in enumerate(messages))
    )

    kept = await store.entries.after("c", 0, 500)
    assert [entry.sequence for entry in kept] == list(range(1, 201))
    assert {entry.id for entry in kept} == {message.id for message in messages}
    assert all(result.is_new for result in appended)
    for sender in (0, 1):
        numbers = [result.entry.sequence for result in appended[sender::2]]
        assert numbers == sorted(numbers)


async def test_conversations_in_one_batch_each_keep_a_dense_sequence(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Entries of many conversations share writes, but each conversation has its own sequence."""
    logs = [new_entry_log(), new_entry_log()]
    names = [f"c{n}" for n in range(20)]
    messages = [a_message(conversation_id=name) for _ in range(15) for name in names]

    await asyncio.gather(*(logs[n % 3 % 2].append(message) for n, message in enumerate(messages)))

    assert await store.entries.heads(names) == dict.fromkeys(names, 15)
    for name in names:
        kept = await store.entries.after(name, 0, 100)
        assert [entry.sequence for entry in kept] == list(range(1, 16))


async def test_a_resend_returns_the_stored_message(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """The same client_message_id gets the first answer, also later and from another process."""
    first = a_message(conversation_id="c")
    stored = (await new_entry_log().append(first)).entry
    await new_entry_log().append(a_message(conversation_id="c"))

    again = await new_entry_log().append(replace(first, id="another-id", body="another body"))

    assert not again.is_new
    assert again.entry == stored
    assert await store.entries.heads(["c"]) == {"c": 2}


async def test_an_idempotency_key_stores_one_message(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """One person's Idempotency-Key stores one message, whatever the conversation and the ids."""
    request = RequestKey("k1", "hash")
    first = a_message(conversation_id="c", sender_id="carla", request=request)
    stored = (await new_entry_log().append(first)).entry

    under_the_key = a_message(conversation_id="d", sender_id="carla", request=request)
    again = await new_entry_log().append(under_the_key)
    others = await new_entry_log().append(replace(under_the_key, id="v", sender_id="vince"))

    assert not again.is_new
    assert again.entry == stored
    assert others.is_new
    assert await store.entries.sent_under("carla", "k1") == stored
    assert await store.entries.sent_under("carla", "k2") is None
    assert await store.entries.heads(["c", "d"]) == {"c": 1, "d": 1}


async def test_messages_that_race_under_one_key_store_one(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Two processes that send under one key, with other messages in between, store one."""
    logs = [new_entry_log(), new_entry_log()]
    request = RequestKey("k1", "hash")
    same = [a_message(conversation_id="c", sender_id="carla", request=request) for _ in range(10)]
    between = [a_message(conversation_id="c") for _ in range(10)]
    mixed = [message for pair in zip(same, between, strict=True) for message in pair]

    appended = await asyncio.gather(
        *(logs[number % 3 % 2].append(message) for number, message in enumerate(mixed))
    )

    assert len({result.entry.id for result in appended[::2]}) == 1
    assert sum(result.is_new for result in appended) == 11
    assert await store.entries.heads(["c"]) == {"c": 11}


async def test_resends_that_race_store_one_message(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Resends through two gateways at once store one message, and both gateways return it."""
    logs = [new_entry_log(), new_entry_log()]
    first = a_message(conversation_id="c")
    copies = [replace(first, id=f"{first.id}-{n}") for n in range(20)]

    appended = await asyncio.gather(*(logs[n % 2].append(copy) for n, copy in enumerate(copies)))

    kept = await store.entries.after("c", 0, 10)
    assert len(kept) == 1
    assert {result.entry.id for result in appended} == {kept[0].id}
    assert [result.is_new for result in appended].count(True) == 1


async def test_resends_among_new_messages_leave_no_gap(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """In a burst that is half resends, the new half gets the next sequences in order."""
    log = new_entry_log()
    old = [a_message(conversation_id="c") for _ in range(20)]
    await asyncio.gather(*(log.append(message) for message in old))
    new = [a_message(conversation_id="c") for _ in range(20)]
    burst: list[Entry] = [message for pair in zip(old, new, strict=True) for message in pair]

    appended = await asyncio.gather(
        *(new_entry_log().append(burst[0]), *map(log.append, burst[1:]))
    )

    assert [result.entry.sequence for result in appended[::2]] == list(range(1, 21))
    assert [result.entry.sequence for result in appended[1::2]] == list(range(21, 41))
    kept = await store.entries.after("c", 0, 100)
    assert [entry.id for entry in kept] == [message.id for message in old + new]


async def test_the_same_client_message_id_of_another_sender_or_conversation_is_new(
    new_entry_log: NewEntryLog,
) -> None:
    """A client_message_id is unique per sender and conversation."""
    log = new_entry_log()
    first = a_message(conversation_id="c", client_message_id="1")
    await log.append(first)

    others = [
        await log.append(a_message(conversation_id="c", client_message_id="1")),
        await log.append(
            a_message(conversation_id="d", sender_id=first.sender_id, client_message_id="1")
        ),
    ]

    assert [result.is_new for result in others] == [True, True]


async def test_notices_and_messages_share_one_sequence(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Notices added in transactions and messages appended meanwhile form one dense sequence."""
    log = new_entry_log()

    await asyncio.gather(
        *(log.append(a_message(conversation_id="c")) for _ in range(30)),
        *(
            store.transact(lambda to: to.entries.add_next(a_notice(conversation_id="c")))
            for _ in range(10)
        ),
        *(log.append(a_message(conversation_id="c")) for _ in range(30)),
    )

    kept = await store.entries.after("c", 0, 100)
    assert [entry.sequence for entry in kept] == list(range(1, 71))


async def test_a_cancelled_append_leaves_no_gap(store: Store, new_entry_log: NewEntryLog) -> None:
    """Cancelled calls may or may not have stored their entry; the sequence is dense either way."""
    log = new_entry_log()
    calls = [asyncio.ensure_future(log.append(a_message(conversation_id="c"))) for _ in range(60)]
    await asyncio.sleep(0)
    for call in calls[::3]:
        call.cancel()

    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    last = await log.append(a_message(conversation_id="c"))

    kept = await store.entries.after("c", 0, 100)
    acknowledged = {
        outcome.entry.id for outcome in outcomes if not isinstance(outcome, BaseException)
    }
    assert len(acknowledged) == 40
    assert acknowledged <= {entry.id for entry in kept}
    assert [entry.sequence for entry in kept] == list(range(1, last.entry.sequence + 1))


async def test_nothing_is_appended_to_a_blocked_conversation(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Even a log that knew the earlier head refuses new entries; resends get the stored one."""
    logs = [new_entry_log(), new_entry_log()]
    conversation = a_conversation()
    await store.conversations.add(conversation)
    customer, vendor = (participant.account_id for participant in conversation.participants)
    first = a_message(conversation_id=conversation.id, sender_id=customer)
    await logs[0].append(first)
    await logs[1].append(a_message(conversation_id=conversation.id, sender_id=vendor))

    await _close(store, conversation, customer)

    messages = []
    for log in (*logs, new_entry_log()):
        for sender in (customer, vendor):
            with pytest.raises(ParleyError) as refused:
                await log.append(a_message(conversation_id=conversation.id, sender_id=sender))
            assert refused.value.code is Code.BLOCKED
            messages.append(refused.value.message)
        assert not (await log.append(replace(first, id="again"))).is_new
        await log.append(a_message())  # other conversations are unaffected
    assert len(set(messages[::2])) == len(set(messages[1::2])) == 1
    assert messages[0] != messages[1]
    assert await store.entries.heads([conversation.id]) == {conversation.id: 3}

    await _open(store, conversation)

    for log in logs:
        assert (await log.append(a_message(conversation_id=conversation.id))).is_new


async def test_no_message_lands_between_a_block_and_its_removal(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """However fast two processes write, no message lands between a block and its removal."""
    logs = [new_entry_log(), new_entry_log()]
    conversation = a_conversation()
    await store.conversations.add(conversation)
    is_over = False
    acknowledged: list[int] = []
    refused = set[Code]()

    async def write(log: EntryLog) -> None:
        while not is_over:
            try:
                appended = await log.append(a_message(conversation_id=conversation.id))
                acknowledged.append(appended.entry.sequence)
            except ParleyError as error:
                refused.add(error.code)
                await asyncio.sleep(0)

    writing = [asyncio.create_task(write(log)) for log in logs for _ in range(4)]
    closings: list[tuple[int, int]] = []
    for turn in range(8):
        async with asyncio.timeout(20):
            while len(acknowledged) < 8 * (turn + 1):  # noqa: ASYNC110 # the writers change it
                await asyncio.sleep(0)
        closed = await _close(store, conversation, "carla")
        await asyncio.sleep(0.005)
        closings.append((closed, await _open(store, conversation)))
    is_over = True
    await asyncio.gather(*writing)

    assert all(opened == closed + 1 for closed, opened in closings)
    head = (await store.entries.heads([conversation.id]))[conversation.id]
    notices = [number for pair in closings for number in pair]
    assert sorted(acknowledged + notices) == list(range(1, head + 1))
    assert refused == {Code.BLOCKED}


async def _close(store: Store, conversation: Conversation, by: str) -> int:
    """Block the conversation and add a notice in one transaction; returns the notice's sequence."""
    return await _save(store, replace(conversation, blocked_by=(by,)))


async def _open(store: Store, conversation: Conversation) -> int:
    return await _save(store, conversation)


async def _save(store: Store, conversation: Conversation) -> int:
    async def work(to: Repositories) -> int:
        await to.conversations.save(conversation)
        notice = a_notice(id=new_id(), conversation_id=conversation.id)
        return (await to.entries.add_next(notice)).sequence

    return await store.transact(work)
