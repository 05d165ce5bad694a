"""The inboxes of accounts: always the truth of the entries, in the order of activity."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Conversation, Entry, EntryKind, Participant
from marketplace.domain.inbox import InboxQuery, InboxRow, InboxState, LastEntry, RfiLine
from marketplace.domain.rfis import RfiState
from marketplace.ports import Repositories, Store
from tests.builders import (
    NOW,
    a_conversation,
    a_deletion,
    a_message,
    a_notice,
    a_revision,
    an_edit,
    an_rfi,
)

ME = Participant("carla", Role.CUSTOMER, "Carla Reyes")
EVERY = InboxQuery("carla", state=InboxState.ANY)


async def _with(store: Store, name: str = "Front Range Plumbing", **named: Any) -> Conversation:
    """A conversation with a vendor of this name."""
    vendor = Participant(f"vendor-{name}", Role.VENDOR, name)
    conversation = a_conversation(participants=(ME, vendor), **named)
    await store.conversations.add(conversation)
    return conversation


async def _add(store: Store, conversation: Conversation, *entries: Entry) -> list[Entry]:
    """Entries of a conversation, added as given except for their sequences."""

    async def work(tx: Repositories) -> list[Entry]:
        return [
            await tx.entries.add_next(replace(entry, conversation_id=conversation.id))
            for entry in entries
        ]

    return await store.transact(work)


def _says(body: str = "Hello", *, after_s: float = 0, by_me: bool = False) -> Entry:
    sender = "carla" if by_me else "vendor"
    return a_message(sender_id=sender, body=body, at=NOW + timedelta(seconds=after_s))


async def _listed(store: Store, query: InboxQuery = EVERY) -> list[InboxRow]:
    return list((await store.inbox.page(query)).items)


def _ids(rows: Sequence[InboxRow]) -> list[str]:
    return [row.conversation.id for row in rows]


async def _row(store: Store, conversation: Conversation, account_id: str = "carla") -> InboxRow:
    return (await store.inbox.rows([(conversation.id, account_id)]))[conversation.id, account_id]


async def test_a_row_contains_everything_a_list_shows(store: Store) -> None:
    """The other side, the RFI as it is now, the last entry, and what is unread."""
    rfi = an_rfi(title="Leaking kitchen sink")
    await store.transact(lambda tx: tx.rfis.add(rfi, a_revision(rfi)))
    conversation = await _with(store, rfi_id=rfi.id)
    message = replace(_says("Hello,\nwhen?", after_s=5), attachments=({"id": "a1"},))
    await _add(store, conversation, a_notice(), message)

    (row,) = await _listed(store)

    assert row == InboxRow(
        conversation=conversation,
        account_id="carla",
        active_at=NOW + timedelta(seconds=5),
        read_sequence=0,
        unread=1,
        last_entry=LastEntry(
            sequence=2,
            kind=EntryKind.MESSAGE,
            at=NOW + timedelta(seconds=5),
            sender_id="vendor",
            preview="Hello, when?",
            attachment_count=1,
        ),
        is_muted=False,
        is_archived=False,
        rfi=RfiLine(rfi.id, "Leaking kitchen sink", RfiState.OPEN),
    )
    assert row.head == 2
    assert row.other == conversation.participants[1]
    assert await _row(store, conversation) == row


async def test_each_side_has_its_own_row(store: Store) -> None:
    """The same conversation, seen by the other participant."""
    conversation = await _with(store)
    await _add(store, conversation, _says(by_me=True))
    vendor_id = conversation.participants[1].account_id
    pairs = [(conversation.id, "carla"), (conversation.id, vendor_id)]

    rows = await store.inbox.rows(pairs)

    assert [rows[pair].unread for pair in pairs] == [0, 1]
    assert [rows[pair].other for pair in pairs] == list(conversation.participants)[::-1]


async def test_a_non_participant_has_no_row(store: Store) -> None:
    """Neither of other people's conversations nor of unknown ones."""
    conversation = await _with(store)

    found = await store.inbox.rows([(conversation.id, "stranger"), ("unknown", "carla")])

    assert found == {}
    assert await store.inbox.rows([]) == {}
    assert await _listed(store, InboxQuery("stranger")) == []


async def test_a_conversation_without_entries_or_rfi_has_a_row(store: Store) -> None:
    """It stands where it was created."""
    conversation = await _with(store)

    (row,) = await _listed(store)

    assert (row.last_entry, row.rfi, row.head, row.unread) == (None, None, 0, 0)
    assert row.active_at == conversation.created_at


@pytest.mark.parametrize("is_projected", [False, True])
async def test_the_newest_entry_is_first_however_late_the_relay(
    store: Store, *, is_projected: bool
) -> None:
    """An acknowledged entry moves its conversation, however far behind the relay is."""
    one, two, three = [await _with(store, f"{n}") for n in range(3)]
    for at, conversation in enumerate((one, two, three)):
        (entry,) = await _add(store, conversation, _says(after_s=at))
        if is_projected:
            await store.inbox.advance({conversation.id: (entry.sequence, entry.at)})
    assert _ids(await _listed(store)) == [three.id, two.id, one.id]

    await _add(store, one, _says("New", after_s=10))

    rows = await _listed(store)
    assert _ids(rows) == [one.id, three.id, two.id]
    assert rows[0].last_entry is not None
    assert rows[0].last_entry.preview == "New"
    assert [row.unread for row in rows] == [2, 1, 1]


async def test_an_older_place_changes_nothing(store: Store) -> None:
    """A relay that begins again notes older entries once more."""
    one, two = await _with(store, "1"), await _with(store, "2")
    first, second = await _add(store, one, _says(), _says(after_s=9))
    (third,) = await _add(store, two, _says(after_s=5))
    for conversation, entry in ((one, second), (two, third), (one, first)):
        await store.inbox.advance({conversation.id: (entry.sequence, entry.at)})

    assert _ids(await _listed(store)) == [one.id, two.id]
    await store.inbox.advance({})
    await store.inbox.advance({"unknown": (1, NOW)})


async def test_an_edit_or_a_deletion_becomes_the_last_entry(store: Store) -> None:
    """An edit shows its text, a deletion shows that something was deleted."""
    conversation = await _with(store)
    (message,) = await _add(store, conversation, _says("Frist"))

    about = {"message_id": message.id, "sender_id": "vendor"}
    await _add(store, conversation, an_edit(**about, body="First"))
    edited = await _row(store, conversation)
    await _add(store, conversation, a_deletion(**about))
    deleted = await _row(store, conversation)

    assert edited.last_entry is not None
    assert (edited.last_entry.kind, edited.last_entry.preview) == (EntryKind.EDIT, "First")
    assert deleted.last_entry is not None
    assert (deleted.last_entry.kind, deleted.last_entry.preview) == (EntryKind.DELETION, "")
    assert (edited.unread, deleted.unread) == (1, 0)


async def test_a_notice_shows_its_code_and_no_sender(store: Store) -> None:
    """The one who blocked a conversation is not in the other's list."""
    conversation = await _with(store)
    await _add(store, conversation, a_notice(code="conversation_closed", sender_id="carla"))

    (row,) = await _listed(store)

    assert row.last_entry is not None
    assert (row.last_entry.code, row.last_entry.sender_id) == ("conversation_closed", None)
    assert row.unread == 0


async def test_a_block_preserves_the_place(store: Store) -> None:
    """Saving a conversation leaves alone what the relay has noted."""
    one, two = await _with(store, "1"), await _with(store, "2")
    for at, conversation in ((9, one), (5, two)):
        (entry,) = await _add(store, conversation, _says(after_s=at))
        await store.inbox.advance({conversation.id: (entry.sequence, entry.at)})

    blocked = replace(one, blocked_by=("carla",))
    await store.conversations.save(blocked)

    assert _ids(await _listed(store)) == [one.id, two.id]
    assert (await _row(store, one)).conversation == blocked


async def test_muting_and_archiving_affect_one_participant(store: Store) -> None:
    """The other side's row does not change."""
    conversation = await _with(store)
    vendor_id = conversation.participants[1].account_id
    await _add(store, conversation, _says())

    await store.inbox.mute(conversation.id, "carla", is_muted=True)
    await store.inbox.archive(conversation.id, "carla", 1)

    mine, others = await _row(store, conversation), await _row(store, conversation, vendor_id)
    assert (mine.is_muted, mine.is_archived) == (True, True)
    assert (others.is_muted, others.is_archived) == (False, False)
    await store.inbox.mute(conversation.id, "carla", is_muted=False)
    await store.inbox.archive(conversation.id, "carla", None)
    mine = await _row(store, conversation)
    assert (mine.is_muted, mine.is_archived, mine.unread) == (False, False, 1)


async def test_read_positions_and_settings_are_independent(store: Store) -> None:
    """They are kept together, and each leaves the other as it is."""
    conversation = await _with(store)
    await _add(store, conversation, _says(), _says())

    await store.inbox.mute(conversation.id, "carla", is_muted=True)
    moved = await store.read_positions.advance(conversation.id, "carla", delivered=2, read=1)
    await store.inbox.archive(conversation.id, "carla", 2)

    assert moved is not None
    row = await _row(store, conversation)
    assert (row.is_muted, row.is_archived, row.read_sequence, row.unread) == (True, True, 1, 1)


async def test_the_next_entry_unarchives_a_conversation(store: Store) -> None:
    """Before that it is only in the list of archived ones."""
    archived, active = await _with(store, "1"), await _with(store, "2")
    await _add(store, archived, _says())
    await store.inbox.archive(archived.id, "carla", 1)

    lists = {state: _ids(await _listed(store, replace(EVERY, state=state))) for state in InboxState}
    assert lists[InboxState.ACTIVE] == [active.id]
    assert lists[InboxState.ARCHIVED] == [archived.id]
    assert sorted(lists[InboxState.ANY]) == sorted([archived.id, active.id])

    await _add(store, archived, _says(after_s=1))

    assert _ids(await _listed(store, InboxQuery("carla"))) == [archived.id, active.id]
    assert await _listed(store, replace(EVERY, state=InboxState.ARCHIVED)) == []


async def test_a_list_filters_by_unread_messages(store: Store) -> None:
    """Own messages, notices and deleted messages make nothing unread."""
    unread, own, noticed, read = [await _with(store, f"{n}") for n in range(4)]
    await _add(store, unread, _says(after_s=4))
    await _add(store, own, _says(), _says(after_s=3, by_me=True))
    await _add(store, noticed, a_notice(at=NOW + timedelta(seconds=2)))
    await _add(store, read, _says(after_s=1))
    await store.read_positions.advance(read.id, "carla", delivered=0, read=1)

    assert _ids(await _listed(store, replace(EVERY, is_unread=True))) == [unread.id]
    assert _ids(await _listed(store, replace(EVERY, is_unread=False))) == [
        own.id,
        noticed.id,
        read.id,
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("range", ["Front Range Plumbing"]),
        ("FRONT R", ["Front Range Plumbing"]),
        ("sink", ["Ångström & Söhne"]),
        ("ÅNGSTRÖM", ["Ångström & Söhne"]),
        ("(303)", ["Call (303) now"]),
        (".*", []),
        ("Carla", []),
        ("a", ["Front Range Plumbing", "Ångström & Söhne", "Call (303) now"]),
    ],
)
async def test_a_search_matches_the_other_name_and_the_title(
    store: Store, text: str, found: list[str]
) -> None:
    """Case does not matter, the text is no pattern, and the reader's own name does not count."""
    rfi = an_rfi(title="A leaking SINK")
    await store.transact(lambda tx: tx.rfis.add(rfi, a_revision(rfi)))
    await _with(store, "Front Range Plumbing")
    await _with(store, "Ångström & Söhne", rfi_id=rfi.id)
    await _with(store, "Call (303) now")

    rows = await _listed(store, replace(EVERY, text=text))

    assert sorted(row.other.name for row in rows) == sorted(found)


async def test_pages_list_each_conversation_once_in_order(store: Store) -> None:
    """Conversations of one moment too, noted or not."""
    for number in range(7):
        conversation = await _with(store, f"{number}")
        (entry,) = await _add(store, conversation, _says(after_s=number // 2))
        if number % 3:
            await store.inbox.advance({conversation.id: (entry.sequence, entry.at)})
    every = _ids(await _listed(store))

    paged: list[str] = []
    query = replace(EVERY, limit=2)
    while True:
        page = await store.inbox.page(query)
        paged += _ids(page.items)
        if page.next_cursor is None:
            break
        query = query.continued(page.next_cursor)

    assert len(every) == 7
    assert paged == every


async def test_a_conversation_that_moves_up_is_not_listed_twice(store: Store) -> None:
    """It is above the cursor now; the app is told by a push."""
    conversations = [await _with(store, f"{number}") for number in range(4)]
    for number, conversation in enumerate(conversations):
        await _add(store, conversation, _says(after_s=number))
    first = await store.inbox.page(replace(EVERY, limit=2))
    assert first.next_cursor is not None

    await _add(store, conversations[0], _says(after_s=60))
    second = await store.inbox.page(EVERY.continued(first.next_cursor))

    assert _ids(first.items) == [conversations[3].id, conversations[2].id]
    assert _ids(second.items) == [conversations[1].id]
