"""What a list of conversations costs the server, and that its order is never trusted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pymongo import monitoring

from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Conversation, Participant
from marketplace.domain.inbox import InboxQuery, InboxRow, InboxState
from marketplace.settings import Settings
from marketplace.storage import MongoStore, inbox, open_store
from marketplace.storage.documents import to_document
from marketplace.storage.newest_entries import note_all
from marketplace.storage.restore import after_restore
from tests.builders import NOW, a_conversation, a_message, an_rfi

MANY, UNREAD, LONG = 200, 10, 40
QUERY = InboxQuery("carla", limit=MANY)


class Commands(monitoring.CommandListener):
    """Records the commands that are sent, without those of the driver itself."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Record a command."""
        if event.command_name not in {"hello", "ismaster", "ping", "endSessions"}:
            self.sent.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing."""


COMMANDS = Commands()
monitoring.register(COMMANDS)


@pytest_asyncio.fixture
async def watched(store: MongoStore, settings: Settings) -> AsyncIterator[MongoStore]:
    """The same database through a client whose commands are recorded."""
    opened = await open_store(settings)
    COMMANDS.sent.clear()
    yield opened
    await opened.close()


async def _filled(store: MongoStore, count: int = MANY) -> list[Conversation]:
    """Conversations with many messages each, the first ten of them unread, all noted."""
    customer = Participant("carla", Role.CUSTOMER, "Carla Reyes")
    database = store.database
    conversations, entries, positions, rfis = [], [], [], []
    for number in range(count):
        rfi = an_rfi(title=f"RFI {number}")
        vendor = Participant(f"vendor-{number}", Role.VENDOR, f"Vendor {number}")
        conversation = a_conversation(participants=(customer, vendor), rfi_id=rfi.id)
        conversations.append(conversation)
        rfis.append(to_document(rfi))
        sent = [
            a_message(
                conversation_id=conversation.id,
                sender_id=vendor.account_id if sequence % 2 else "carla",
                sequence=sequence,
                at=NOW + timedelta(minutes=number, seconds=sequence),
                body="When could you come to look at it? " * 3,
            )
            for sequence in range(1, LONG + 1)
        ]
        if number < UNREAD:
            sent = [
                a_message(
                    conversation_id=conversation.id,
                    sender_id=vendor.account_id,
                    sequence=LONG + extra,
                    at=NOW + timedelta(minutes=number, seconds=LONG + extra),
                )
                for extra in range(1, 4)
            ] + sent
        entries += [to_document(entry) for entry in sent]
        positions.append(
            {
                "_id": f"{conversation.id}:carla",
                "conversation_id": conversation.id,
                "account_id": "carla",
                "delivered_sequence": LONG,
                "read_sequence": LONG,
            }
        )
        await store.conversations.add(conversation)
    await database["rfis"].insert_many(rfis)
    await database["entries"].insert_many(entries)
    await database["read_positions"].insert_many(positions)
    await note_all(database)
    return conversations


def _unread(rows: tuple[InboxRow, ...]) -> list[int]:
    return [row.unread for row in rows if row.unread]


async def test_one_command_lists_two_hundred_conversations(
    watched: MongoStore, store: MongoStore
) -> None:
    """With the unread messages of ten of them, whatever the length of the conversations."""
    conversations = await _filled(store)
    await watched.inbox.page(QUERY)  # the first one opens a connection
    COMMANDS.sent.clear()

    page = await watched.inbox.page(QUERY)

    assert COMMANDS.sent == ["aggregate"]
    newest_first = [conversation.id for conversation in conversations[::-1]]
    assert [row.conversation.id for row in page.items] == newest_first
    assert _unread(page.items) == [3] * UNREAD


async def test_a_list_reads_only_newest_and_unread_entries(store: MongoStore) -> None:
    """One key of the index for each conversation, and not each conversation's history."""
    await _filled(store)
    await store.database.command("profile", 2)
    try:
        await store.inbox.page(QUERY)
    finally:
        await store.database.command("profile", 0)
    profile = store.database["system.profile"]
    (command,) = await profile.find({"command.aggregate": "conversations"}).to_list(None)
    await profile.drop()

    # conversations, RFIs, read positions and newest entries, and three unread messages of ten.
    assert command["docsExamined"] <= 4 * MANY + 3 * UNREAD + MANY // 10
    assert command["keysExamined"] <= 8 * MANY


async def test_conversations_ahead_of_the_relay_take_one_more_command(
    watched: MongoStore, store: MongoStore
) -> None:
    """For all conversations that were behind together; the answer is the truth in either case."""
    conversations = await _filled(store, 50)
    late = conversations[20:25]
    for conversation in late:
        vendor_id = conversation.participants[1].account_id
        await store.database["entries"].insert_one(
            to_document(
                a_message(
                    conversation_id=conversation.id,
                    sender_id=vendor_id,
                    sequence=LONG + 1,
                    at=NOW + timedelta(days=1),
                )
            )
        )
    await watched.inbox.page(QUERY)
    COMMANDS.sent.clear()

    page = await watched.inbox.page(QUERY)

    assert COMMANDS.sent == ["aggregate", "aggregate"]
    assert {row.conversation.id for row in page.items[:5]} == {talk.id for talk in late}
    assert _unread(page.items) == [1] * 5 + [3] * UNREAD


async def test_a_very_long_list_pages_to_its_end(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More conversations than are examined for a page; those written by the previous version too."""
    monkeypatch.setattr(inbox, "EXAMINED", 7)
    conversations = await _filled(store, 40)
    previous = [conversation.id for conversation in conversations[:5]]
    await store.database["conversations"].update_many(
        {"_id": {"$in": previous}}, {"$unset": {"newest": True}}
    )
    await store.inbox.archive(conversations[30].id, "carla", LONG)

    seen = await _paged(store)

    assert len(seen) == len(set(seen))
    expected = [talk.id for talk in conversations[5:30]] + [talk.id for talk in conversations[31:]]
    assert [id_ for id_ in seen if id_ not in previous] == expected[::-1]


async def test_a_long_list_has_each_conversation_however_late_the_relay(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is too far down to be compared stays at its place until the relay moves it."""
    monkeypatch.setattr(inbox, "EXAMINED", 7)
    conversations = await _filled(store, 40)
    for conversation in (conversations[37], conversations[12], conversations[3]):
        entry = a_message(
            conversation_id=conversation.id, sequence=2 * LONG, at=NOW + timedelta(days=1)
        )
        await store.database["entries"].insert_one(to_document(entry))

    seen = await _paged(store)

    rest = [talk.id for talk in conversations[::-1] if talk is not conversations[37]]
    assert seen == [conversations[37].id, *rest]


async def _paged(store: MongoStore) -> list[str]:
    """The whole list, four conversations at a time."""
    seen: list[str] = []
    query = InboxQuery("carla", limit=4)
    while True:
        page = await store.inbox.page(query)
        seen += [row.conversation.id for row in page.items]
        if page.next_cursor is None:
            return seen
        query = query.continued(page.next_cursor)


async def test_the_migration_notes_the_place_of_every_conversation(store: MongoStore) -> None:
    """As the migration does; a second run changes nothing."""
    conversations = await _filled(store, 12)
    empty = a_conversation()
    await store.conversations.add(empty)
    documents = store.database["conversations"]
    await documents.update_many({}, {"$unset": {"newest": True}})

    assert await note_all(store.database) == 13
    assert await note_all(store.database) == 0

    found = {document["_id"]: document["newest"] async for document in documents.find()}
    assert found[empty.id] == {"sequence": 0, "at": NOW}
    assert found[conversations[-1].id]["sequence"] == LONG
    assert found[conversations[0].id]["sequence"] == LONG + 3


async def test_a_restore_lowers_places_and_archived_sequences(
    store: MongoStore, settings: Settings
) -> None:
    """Noted places and archived sequences above the head would hide what is sent from now on."""
    (conversation,) = await _filled(store, 1)
    head = LONG + 3
    later = {"sequence": head + 50, "at": NOW + timedelta(days=9)}
    await store.database["conversations"].update_one({}, {"$set": {"newest": later}})
    await store.inbox.archive(conversation.id, "carla", head + 50)

    said: list[str] = []
    await after_restore(settings.mongodb_url, settings.mongodb_database, said.append, 0.1)

    found: Any = await store.database["conversations"].find_one({})
    assert found["newest"]["sequence"] == head
    position: Any = await store.database["read_positions"].find_one({})
    assert position["archived_sequence"] == head
    archived = await store.inbox.page(InboxQuery("carla", state=InboxState.ARCHIVED))
    assert [row.head for row in archived.items] == [head]


async def test_a_restore_raises_positions_below_the_last_item(
    store: MongoStore, settings: Settings
) -> None:
    """A backup that was not of one moment has items above their account's position."""
    items: list[dict[str, Any]] = [
        {"_id": f"a:{n}", "account_id": "a", "position": n, "name": "x", "data": {}, "at": NOW}
        for n in (1, 2, 3)
    ]
    await store.database["feed_items"].insert_many(
        [*items, {**items[0], "_id": "b:1", "account_id": "b"}]
    )
    await store.database["feed_heads"].insert_one({"_id": "a", "position": 1})

    await after_restore(settings.mongodb_url, settings.mongodb_database, lambda _: None, 0.1)

    assert await store.feed.heads(["a", "b"]) == {"a": 3, "b": 1}
