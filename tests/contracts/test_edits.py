"""Edits and deletions of a message, whoever races with whom."""

import asyncio
from dataclasses import replace

import pytest

from marketplace.domain.conversations import Entry, EntryKind
from marketplace.errors import Code, ParleyError
from marketplace.ports import Appended, EntryLog, Store
from tests.builders import a_message, an_edit
from tests.contracts.conftest import NewEntryLog

ROUNDS = 12


async def _sent(log: EntryLog) -> Entry:
    return (await log.append(a_message())).entry


def _edit_of(message: Entry, body: str) -> Entry:
    return an_edit(
        conversation_id=message.conversation_id,
        sender_id=message.sender_id,
        message_id=message.id,
        body=body,
    )


async def _delete(store: Store, message: Entry) -> Appended:
    deletion = replace(_edit_of(message, ""), kind=EntryKind.DELETION, body=None)
    return await store.transact(lambda tx: tx.entries.add_deletion(deletion))


async def test_an_edit_of_a_deleted_message_is_refused_by_every_log(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Also by a log that knew the conversation's head from before the deletion."""
    logs = [new_entry_log(), new_entry_log()]
    message = await _sent(logs[0])
    await logs[1].append(a_message(conversation_id=message.conversation_id))

    await _delete(store, message)

    for log in (*logs, new_entry_log()):
        with pytest.raises(ParleyError) as refused:
            await log.append(_edit_of(message, "Too late"))
        assert refused.value.code is Code.WRONG_STATE
    assert await store.entries.heads([message.conversation_id]) == {message.conversation_id: 3}


async def test_a_refused_edit_holds_up_nobody(store: Store, new_entry_log: NewEntryLog) -> None:
    """What waits together with it is written, in order and without a hole."""
    log = new_entry_log()
    message = await _sent(log)
    await _delete(store, message)
    others = [a_message(conversation_id=message.conversation_id) for _ in range(20)]
    burst = [entry for each in others for entry in (each, _edit_of(message, each.id))]

    outcomes = await asyncio.gather(*map(log.append, burst), return_exceptions=True)

    assert all(isinstance(each, ParleyError) for each in outcomes[1::2])
    kept = await store.entries.after(message.conversation_id, 2, 100)
    assert [each.id for each in kept] == [each.id for each in others]
    assert [each.sequence for each in kept] == list(range(3, 23))


async def test_no_edit_stands_behind_the_deletion_whoever_races(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Two logs edit at full speed while the message is deleted: the deletion is the last word."""
    logs = [new_entry_log(), new_entry_log()]
    for number in range(ROUNDS):
        message = await _sent(logs[number % 2])

        deletion, codes = await _race(store, logs, message)

        kept = await store.entries.after(message.conversation_id, 0, 5_000)
        assert [each.sequence for each in kept] == list(range(1, len(kept) + 1))
        of_message = [each for each in kept if each.message_id == message.id]
        assert of_message[-1] == deletion
        assert [each.kind for each in of_message].count(EntryKind.DELETION) == 1
        assert set(codes) == {Code.WRONG_STATE}


async def _race(store: Store, logs: list[EntryLog], message: Entry) -> tuple[Entry, list[Code]]:
    """Edit over each log, and chat, while the message is deleted; with what ended the editors."""
    is_busy, is_over = asyncio.Event(), asyncio.Event()

    async def edit(log: EntryLog, name: int) -> Code:
        count = 0
        try:
            while True:
                count += 1
                await log.append(_edit_of(message, f"{name} {count}"))
                if count == 3:
                    is_busy.set()
        except ParleyError as refused:
            return refused.code

    async def chat(log: EntryLog) -> None:
        while not is_over.is_set():
            await log.append(a_message(conversation_id=message.conversation_id))

    editing = [asyncio.create_task(edit(log, name)) for name, log in enumerate(logs * 2)]
    chatting = asyncio.create_task(chat(logs[1]))
    async with asyncio.timeout(30):
        await is_busy.wait()
        deletion = (await _delete(store, message)).entry
        codes = await asyncio.gather(*editing)
    is_over.set()
    await chatting
    return deletion, codes


async def test_of_deletions_at_once_one_is_stored_and_all_get_its_answer(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """However often and from wherever a message is deleted, there is one entry of it."""
    log = new_entry_log()
    message = await _sent(log)

    deleted = await asyncio.gather(*(_delete(store, message) for _ in range(8)))
    later = await _delete(store, message)

    assert [each.is_new for each in deleted].count(True) == 1
    assert {each.entry for each in (*deleted, later)} == {deleted[0].entry}
    assert not later.is_new
    assert await store.entries.heads([message.conversation_id]) == {message.conversation_id: 2}


async def test_a_deletion_stored_before_its_id_was_the_messages_counts(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """The version before gave deletions ids of their own, and may have stored an edit behind one."""
    log = new_entry_log()
    message = await _sent(log)
    old = replace(_edit_of(message, ""), kind=EntryKind.DELETION, body=None)
    await store.transact(lambda tx: tx.entries.add_next(old))
    await store.transact(lambda tx: tx.entries.add_next(_edit_of(message, "Behind it")))

    with pytest.raises(ParleyError) as refused:
        await log.append(_edit_of(message, "Too late"))
    again = await _delete(store, message)

    assert refused.value.code is Code.WRONG_STATE
    assert (again.entry.id, again.entry.sequence, again.is_new) == (old.id, 2, False)


async def test_an_edit_to_the_words_that_stand_makes_no_entry(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """It is answered with the entry that made them: the message, or its newest edit."""
    log = new_entry_log()
    message = await _sent(log)

    unchanged = await log.append(_edit_of(message, message.body or ""))
    edit = await log.append(_edit_of(message, "Better"))
    same = await new_entry_log().append(_edit_of(message, "Better"))
    back = await log.append(_edit_of(message, message.body or ""))

    assert (unchanged.entry, unchanged.is_new) == (message, False)
    assert (edit.entry.sequence, edit.is_new) == (2, True)
    assert (same.entry, same.is_new) == (edit.entry, False)
    assert (back.entry.sequence, back.is_new) == (3, True)
    assert await store.entries.heads([message.conversation_id]) == {message.conversation_id: 3}


async def test_the_same_edit_many_times_at_once_is_one_entry(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """An impatient app that repeats an edit before it is answered has made it once."""
    log = new_entry_log()
    message = await _sent(log)
    wanted = ["Better", "Better", "Best", "Best", "Better"]

    appended = await asyncio.gather(*(log.append(_edit_of(message, body)) for body in wanted))

    assert [each.is_new for each in appended] == [True, False, True, False, True]
    assert [each.entry.sequence for each in appended] == [2, 2, 3, 3, 4]
    kept = await store.entries.after(message.conversation_id, 1, 10)
    assert [each.body for each in kept] == ["Better", "Best", "Better"]


async def test_edits_of_many_messages_at_once_are_judged_each(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """One look-up answers for all, and mixes up none."""
    log = new_entry_log()
    messages = [await _sent(log) for _ in range(12)]
    for each in messages[::3]:
        await _delete(store, each)
    for each in messages[1::3]:
        await log.append(_edit_of(each, "Edited"))

    outcomes = await asyncio.gather(
        *(log.append(_edit_of(each, "Edited")) for each in messages), return_exceptions=True
    )

    for deleted, same, new in zip(outcomes[::3], outcomes[1::3], outcomes[2::3], strict=True):
        assert isinstance(deleted, ParleyError)
        assert isinstance(same, Appended)
        assert isinstance(new, Appended)
        assert (same.entry.sequence, same.is_new) == (2, False)
        assert (new.entry.sequence, new.is_new) == (2, True)
