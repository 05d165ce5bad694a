"""The newest entry of each conversation: read from the entries, and noted for the inbox's order.

A conversation's document has `newest: {sequence, at}`, which the relay moves on. It is never the
truth: it may be behind, and the previous version drops it when it replaces the document.
"""

from collections.abc import Collection as Ids
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from marketplace.domain.conversations import EntryKind
from marketplace.domain.inbox import PREVIEWED_CHARACTERS, LastEntry, preview
from marketplace.storage.collection import Database, Session

_BATCH = 500
# Sorted by the unique index and grouped by its first field, so that the server reads one key and one
# document for each conversation (a DISTINCT_SCAN).
NEWEST: tuple[Mapping[str, Any], ...] = (
    {"$sort": {"conversation_id": -1, "sequence": -1}},
    {
        "$group": {
            "_id": "$conversation_id",
            "sequence": {"$first": "$sequence"},
            "kind": {"$first": "$kind"},
            "at": {"$first": "$at"},
            "sender_id": {"$first": "$sender_id"},
            "code": {"$first": "$code"},
            "attachment_count": {"$first": {"$size": {"$ifNull": ["$attachments", []]}}},
            "body": {
                "$first": {"$substrCP": [{"$ifNull": ["$body", ""]}, 0, PREVIEWED_CHARACTERS]}
            },
        }
    },
)


async def newest_entries(
    collection: Any, conversation_ids: Ids[str], session: Session = None
) -> dict[str, LastEntry]:
    """The newest entry of each conversation that has one."""
    stages = [{"$match": {"conversation_id": {"$in": list(conversation_ids)}}}, *NEWEST]
    documents = await collection.aggregate(stages, session=session).to_list(None)
    return {document["_id"]: last_entry(document) for document in documents}


def last_entry(document: Mapping[str, Any]) -> LastEntry:
    """What `NEWEST` returns for a conversation."""
    kind = EntryKind(document["kind"])
    return LastEntry(
        sequence=document["sequence"],
        kind=kind,
        at=document["at"],
        sender_id=None if kind is EntryKind.NOTICE else document["sender_id"],
        preview=preview(document["body"]),
        attachment_count=document["attachment_count"],
        code=document["code"],
    )


def noted(conversation_id: str, sequence: int, at: datetime) -> UpdateOne:
    """The update that notes a newest entry, unless a later one is noted already."""
    return UpdateOne(
        {"_id": conversation_id, "newest.sequence": {"$not": {"$gte": sequence}}},
        {"$set": {"newest": {"sequence": sequence, "at": at}}},
    )


async def note_all(database: Database) -> int:
    """Note the newest entry of every conversation where another one is noted; returns how many."""
    conversations, count = database["conversations"], 0
    cursor = conversations.find({}, {"newest": 1, "created_at": 1})
    while batch := await cursor.to_list(_BATCH):
        found = await newest_entries(database["entries"], [document["_id"] for document in batch])
        updates = []
        for document in batch:
            last = found.get(document["_id"])
            newest = {
                "sequence": last.sequence if last else 0,
                "at": last.at if last else document["created_at"],
            }
            if document.get("newest") != newest:
                unchanged = {"_id": document["_id"], "newest": document.get("newest")}
                updates.append(UpdateOne(unchanged, {"$set": {"newest": newest}}))
        if updates:
            await conversations.bulk_write(updates, ordered=False)
            count += len(updates)
    return count
