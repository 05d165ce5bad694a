"""The current state of messages after edits and deletions, as recent as the primary has it."""

from collections.abc import Collection as Ids
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.conversations import Entry, EntryKind
from marketplace.storage.documents import from_document

# The server uses a partial index only if the query repeats the index's filter. Without it, a lookup
# of one message reads the whole conversation, or all conversations.
IS_TEXT = {"$type": "string"}


async def message_states(collection: Any, message_ids: Ids[str]) -> dict[str, Entry]:
    """The deletion of each message, else its newest edit, else the message itself.

    This is one command whose cost does not grow with the number of edits: each message's newest
    change is one key of the index (message, sequence), and deletions have their own index.
    """
    ids = list(message_ids)
    newest_changes = [
        [
            {"$match": {"message_id": {"$eq": id_, **IS_TEXT}}},
            {"$sort": {"sequence": DESCENDING}},
            {"$limit": 1},
        ]
        for id_ in ids
    ]
    deletions = [{"$match": {"message_id": {"$in": ids}, "kind": EntryKind.DELETION}}]
    documents = await collection.aggregate(
        [
            {"$match": {"_id": {"$in": ids}}},
            *(
                {"$unionWith": {"coll": collection.name, "pipeline": pipeline}}
                for pipeline in (*newest_changes, deletions)
            ),
        ]
    ).to_list(None)
    states: dict[str, Entry] = {}
    for document in documents:  # messages come first, then their newest changes, then deletions
        entry = from_document(document, Entry)
        states[entry.message_id or entry.id] = entry
    return states
