"""What stands of messages after their edits and deletions, as new as the primary has it."""

from collections.abc import Collection as Ids
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.conversations import Entry, EntryKind
from marketplace.storage.documents import from_document

# A partial index is only used by a query that says what the index's filter says: without it, looking
# for one message reads the whole conversation, or all of them.
IS_TEXT = {"$type": "string"}


async def message_states(collection: Any, message_ids: Ids[str]) -> dict[str, Entry]:
    """The deletion of each message, else its newest edit, else the message itself.

    One command, whose cost does not grow with the number of edits: each message's newest change is
    one key of the index (message, sequence), and deletions have an index of their own.
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
    found = await collection.aggregate(
        [
            {"$match": {"_id": {"$in": ids}}},
            *(
                {"$unionWith": {"coll": collection.name, "pipeline": pipeline}}
                for pipeline in (*newest_changes, deletions)
            ),
        ]
    ).to_list(None)
    stands: dict[str, Entry] = {}
    for document in found:  # messages come first, then what changed them, then deletions
        entry = from_document(document, Entry)
        stands[entry.message_id or entry.id] = entry
    return stands
