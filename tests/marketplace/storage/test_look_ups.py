"""The server's cost of finding messages and their edits does not grow with the conversation."""

from collections.abc import Awaitable
from typing import Any

from marketplace.domain.conversations import Entry
from marketplace.storage import MongoStore, unread
from marketplace.storage.documents import to_document
from tests.builders import a_message, an_edit

MANY = 500


async def _filled(store: MongoStore) -> tuple[Entry, list[Entry]]:
    """A message with many edits, among many messages of its sender."""
    message = a_message(conversation_id="c", sender_id="carla", sequence=1)
    edits = [
        an_edit(conversation_id="c", sequence=2 + n, message_id=message.id, body=f"{n}")
        for n in range(MANY)
    ]
    others = [
        a_message(conversation_id="c", sender_id="carla", sequence=2 + MANY + n)
        for n in range(MANY)
    ]
    documents = [to_document(entry) for entry in (message, *edits, *others)]
    await store.database["entries"].insert_many(documents)
    return message, edits


async def _examined(store: MongoStore, work: Awaitable[Any]) -> int:
    """How many documents the server examined for some work."""
    return sum(command.get("docsExamined", 0) for command in await _profiled(store, work))


async def _profiled(store: MongoStore, work: Awaitable[Any]) -> list[dict[str, Any]]:
    """The commands on entries that the server ran for some work."""
    await store.database.command("profile", 2)
    try:
        await work
    finally:
        await store.database.command("profile", 0)
    profile = store.database["system.profile"]
    profiled = await profile.find({"ns": store.entries._collection.full_name}).to_list(None)
    await profile.drop()
    return profiled


async def test_the_cost_of_a_messages_current_state_is_independent_of_its_edits(
    store: MongoStore,
) -> None:
    """The newest edit is one key of an index, and deletions have their own index."""
    message, edits = await _filled(store)

    assert await _examined(store, store.entries.message_states({message.id})) <= 3
    assert await store.entries.message_states({message.id}) == {message.id: edits[-1]}


async def test_the_cost_of_a_resend_is_independent_of_the_conversations_length(
    store: MongoStore,
) -> None:
    """The partial unique index serves the query, since the query repeats the index's filter."""
    message, _ = await _filled(store)
    resend = a_message(
        conversation_id="c", sender_id="carla", client_message_id=message.client_message_id
    )

    assert await _examined(store, store.entries.get_stored([resend])) <= 2
    assert await store.entries.get_stored([resend]) == {resend.id: message}


async def test_reading_a_messages_edits_examines_no_other_entries(store: MongoStore) -> None:
    """The query reads no more documents than it returns."""
    message, _ = await _filled(store)

    found = await store.entries.edits(message.id)

    assert await _examined(store, store.entries.edits(message.id)) <= len(found)


async def test_a_list_of_conversations_is_counted_by_one_command(store: MongoStore) -> None:
    """Two hundred are counted by one bounded command, and those that need more by a second."""
    names = [f"c{number}" for number in range(200)]
    documents = [
        to_document(a_message(conversation_id=name, sequence=sequence))
        for name in names
        for sequence in range(1, 4)
    ]
    edits = [
        an_edit(conversation_id="c0", sequence=4 + n, message_id="m")
        for n in range(2 * unread.LOOK_BACK[0])
    ]
    await store.database["entries"].insert_many([*documents, *map(to_document, edits)])
    entries = store.database["entries"]
    every = {(name, "carla"): 0 for name in names}
    but_one = {pair: 0 for pair in every if pair != ("c0", "carla")}

    assert len(await _profiled(store, unread.count_unread(entries, but_one))) == 1
    assert len(await _profiled(store, unread.count_unread(entries, every))) == 2
    counted = await unread.count_unread(entries, every)
    assert {unread_count.count for unread_count in counted.values()} == {3}
