"""Edits and deletions of a message, including concurrent ones."""

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
    """A log refuses the edit even when it knew the conversation's head before the deletion."""
    logs = [new_entry_log(), new_entry_log()]
    message = await _sent(logs[0])
    await logs[1].append(a_message(conversation_id=message.conversation_id))

    await _delete(store, message)

    for log in (*logs, new_entry_log()):
        with pytest.raises(ParleyError) as refused:
            await log.append(_edit_of(message, "Too late"))
        assert refused.value.code is Code.WRONG_STATE
    assert await store.entries.heads([message.conversation_id]) == {message.conversation_id: 3}


async def test_a_refused_edit_does_not_delay_its_batch(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Entries in the same batch as a refused edit are written, in order and without a gap."""
    log = new_entry_log()
    message = await _sent(log)
    await _delete(store, message)
    others = [a_message(conversation_id=message.conversation_id) for _ in range(20)]
    burst = [entry for other in others for entry in (other, _edit_of(message, other.id))]

    outcomes = await asyncio.gather(*map(log.append, burst), return_exceptions=True)

    assert all(isinstance(outcome, ParleyError) for outcome in outcomes[1::2])
    kept = await store.entries.after(message.conversation_id, 2, 100)
    assert [entry.id for entry in kept] == [message.id for message in others]
    assert [entry.sequence for entry in kept] == list(range(3, 23))


async def test_no_edit_follows_a_deletion_when_two_logs_race(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """While two logs edit at full speed, the deletion is the message's last entry."""
    logs = [new_entry_log(), new_entry_log()]
    for number in range(ROUNDS):
        message = await _sent(logs[number % 2])

        deletion, codes = await _race(store, logs, message)

        kept = await store.entries.after(message.conversation_id, 0, 5_000)
        assert [entry.sequence for entry in kept] == list(range(1, len(kept) + 1))
        of_message = [entry for entry in kept if entry.message_id == message.id]
        assert of_message[-1] == deletion
        assert [entry.kind for entry in of_message].count(EntryKind.DELETION) == 1
        assert set(codes) == {Code.WRONG_STATE}


async def _race(store: Store, logs: list[EntryLog], message: Entry) -> tuple[Entry, list[Code]]:
    """Edit through each log, and chat, while the message is deleted.

    Returns the deletion and the code that stopped each editor.
    """
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


async def test_concurrent_deletions_store_one_and_all_get_its_answer(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """However often and from wherever a message is deleted, one deletion is stored."""
    log = new_entry_log()
    message = await _sent(log)

    deleted = await asyncio.gather(*(_delete(store, message) for _ in range(8)))
    later = await _delete(store, message)

    assert [deletion.is_new for deletion in deleted].count(True) == 1
    assert {deletion.entry for deletion in (*deleted, later)} == {deleted[0].entry}
    assert not later.is_new
    assert await store.entries.heads([message.conversation_id]) == {message.conversation_id: 2}


async def test_a_deletion_of_the_previous_version_counts(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """A deletion of the previous version, with an id of its own and an edit after it, counts."""
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


async def test_an_edit_without_a_change_creates_no_entry(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """An edit to the current text returns the entry that wrote it: message or newest edit."""
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


async def test_concurrent_repeats_of_an_edit_store_one_entry(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """Repeats of an edit that are sent before its answer store one entry."""
    log = new_entry_log()
    message = await _sent(log)
    wanted = ["Better", "Better", "Best", "Best", "Better"]

    appended = await asyncio.gather(*(log.append(_edit_of(message, body)) for body in wanted))

    assert [result.is_new for result in appended] == [True, False, True, False, True]
    assert [result.entry.sequence for result in appended] == [2, 2, 3, 3, 4]
    kept = await store.entries.after(message.conversation_id, 1, 10)
    assert [entry.body for entry in kept] == ["Better", "Best", "Better"]


async def test_edits_in_one_batch_are_decided_separately(
    store: Store, new_entry_log: NewEntryLog
) -> None:
    """One query decides all edits of a batch, each by its own message."""
    log = new_entry_log()
    messages = [await _sent(log) for _ in range(12)]
    for message in messages[::3]:
        await _delete(store, message)
    for message in messages[1::3]:
        await log.append(_edit_of(message, "Edited"))

    outcomes = await asyncio.gather(
        *(log.append(_edit_of(message, "Edited")) for message in messages), return_exceptions=True
    )

    for deleted, same, new in zip(outcomes[::3], outcomes[1::3], outcomes[2::3], strict=True):
        assert isinstance(deleted, ParleyError)
        assert isinstance(same, Appended)
        assert isinstance(new, Appended)
        assert (same.entry.sequence, same.is_new) == (2, False)
        assert (new.entry.sequence, new.is_new) == (2, True)
