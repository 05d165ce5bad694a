"""How much a person has yet to read, counted from the entries."""

import pytest
import pytest_asyncio

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Entry, Participant
from marketplace.ports import Repositories, Store
from tests.builders import a_conversation, a_deletion, a_message, a_notice, an_edit

ME, OTHER = "carla", "vince"


@pytest_asyncio.fixture(autouse=True)
async def _conversation(store: Store) -> None:
    await _begun(store, "c")


async def _begun(store: Store, conversation_id: str) -> None:
    sides = (Participant(ME, Role.CUSTOMER, "Carla"), Participant(OTHER, Role.VENDOR, "Vince"))
    await store.conversations.add(a_conversation(id=conversation_id, participants=sides))


async def _add(store: Store, *entries: Entry) -> list[Entry]:
    async def work(tx: Repositories) -> list[Entry]:
        return [await tx.entries.add_next(entry) for entry in entries]

    return await store.transact(work)


def _says(sender_id: str, conversation_id: str = "c") -> Entry:
    return a_message(conversation_id=conversation_id, sender_id=sender_id)


async def _unread(store: Store, read_sequence: int = 0) -> tuple[int, int]:
    """The read sequence and the unread count in conversation `c`, read up to a sequence."""
    if read_sequence:
        await store.read_positions.advance("c", ME, delivered=0, read=read_sequence)
    row = (await store.inbox.rows([("c", ME)]))["c", ME]
    return row.read_sequence, row.unread


async def test_only_the_other_sides_messages_count_as_unread(store: Store) -> None:
    """Notices, edits, deletions and deleted messages do not count."""
    first, second, third = await _add(store, *(_says(OTHER) for _ in range(3)))
    about = {"conversation_id": "c", "sender_id": OTHER}
    await _add(
        store,
        a_notice(conversation_id="c"),
        an_edit(**about, message_id=first.id),
        a_deletion(**about, message_id=second.id),
    )

    assert await _unread(store) == (0, 2)
    assert await _unread(store, 1) == (1, 1)
    await _add(store, a_deletion(**about, message_id=third.id))
    assert await _unread(store, 1) == (1, 0)
    assert await _unread(store, third.sequence) == (3, 0)


async def test_sending_a_message_moves_the_senders_read_position(store: Store) -> None:
    """A message marks everything before it as read by its sender; an edit or a deletion does not."""
    await _add(store, _says(OTHER), _says(ME), _says(OTHER))
    mine = (await store.entries.after("c", 1, 1))[0]
    about = {"conversation_id": "c", "sender_id": ME, "message_id": mine.id}

    assert await _unread(store) == (2, 1)
    await _add(store, an_edit(**about), a_deletion(**about))
    assert await _unread(store) == (2, 1)
    assert await _unread(store, 3) == (3, 0)


@pytest.mark.parametrize(("sent", "count"), [(99, 99), (100, 100), (130, 100)])
async def test_unread_counts_stop_at_a_hundred(store: Store, sent: int, count: int) -> None:
    """Counts above 100 are reported as 100."""
    await _add(store, *(_says(OTHER) for _ in range(sent)))

    assert (await _unread(store))[1] == count


async def test_many_deletions_do_not_hide_remaining_messages(store: Store) -> None:
    """Remaining messages count even when many later messages were deleted."""
    undeleted = await _add(store, *(_says(OTHER) for _ in range(7)))
    for _ in range(4):
        deleted = await _add(store, *(_says(OTHER) for _ in range(45)))
        await _add(
            store,
            *(
                a_deletion(conversation_id="c", sender_id=OTHER, message_id=message.id)
                for message in deleted
            ),
        )

    assert await _unread(store) == (0, len(undeleted))


async def test_many_conversations_are_counted_at_once(store: Store) -> None:
    """Two hundred conversations are counted at once, each from its own read position."""
    names = [f"c{number}" for number in range(200)]
    for start in range(0, 200, 50):
        await _add(
            store,
            *(
                _says(OTHER, name)
                for number, name in enumerate(names[start : start + 50], start)
                for _ in range(number % 3)
            ),
        )
    for name in names:
        await _begun(store, name)
        await store.read_positions.advance(name, ME, delivered=0, read=1)

    rows = await store.inbox.rows([(name, ME) for name in names])

    assert {name: rows[name, ME].unread for name in names} == {
        name: max(0, number % 3 - 1) for number, name in enumerate(names)
    }
