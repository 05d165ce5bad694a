"""Counts a person's unread messages in many conversations with one or two commands."""

from collections.abc import Mapping
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.conversations import EntryKind
from marketplace.domain.unread import MAX_UNREAD, Unread

# How many entries are examined in each conversation: for a list of 200 these are 60,000, in a tenth
# of a second. If that is not enough because so many were deleted or edited, the conversation is
# examined again with the second number.
LOOK_BACK = (300, 5_000)


async def count_unread(
    collection: Any, account_id: str, read: Mapping[str, int]
) -> dict[str, Unread]:
    """The rule of `domain/unread.py`, for each conversation after the stored read position."""
    counted: dict[str, Unread] = {}
    remaining = dict(read)
    for look_back in LOOK_BACK:
        if not remaining:
            break
        first, *further_pipelines = [
            _pipeline(account_id, conversation_id, sequence, look_back)
            for conversation_id, sequence in remaining.items()
        ]
        unions = [
            {"$unionWith": {"coll": collection.name, "pipeline": stages}}
            for stages in further_pipelines
        ]
        cursor = collection.aggregate([*first, *unions], batchSize=len(remaining) + 1)
        summaries = {summary["_id"]: summary async for summary in cursor}
        for conversation_id, sequence in list(remaining.items()):
            summary = summaries.get(conversation_id, {"seen": 0, "own": 0, "count": 0})
            counted[conversation_id] = Unread(
                max(sequence, summary["own"]), min(summary["count"], MAX_UNREAD)
            )
            if summary["seen"] < look_back or summary["own"] or summary["count"] >= MAX_UNREAD:
                del remaining[conversation_id]
    return counted


def _pipeline(
    account_id: str, conversation_id: str, sequence: int, look_back: int
) -> list[dict[str, Any]]:
    """Summarizes the newest entries after a sequence, read along the unique index."""
    is_message = {"$eq": ["$kind", EntryKind.MESSAGE]}
    is_own = {"$and": [is_message, {"$eq": ["$sender_id", account_id]}]}
    is_others = {"$and": [is_message, {"$ne": ["$sender_id", account_id]}]}
    message = {"id": "$_id", "sequence": "$sequence"}
    deleted = {"$cond": [{"$eq": ["$kind", EntryKind.DELETION]}, "$message_id", "$$REMOVE"]}
    group = {
        "_id": "$conversation_id",
        "seen": {"$sum": 1},
        "own": {"$max": {"$cond": [is_own, "$sequence", 0]}},
        "messages": {"$push": {"$cond": [is_others, message, "$$REMOVE"]}},
        "deleted": {"$push": deleted},
    }
    unread = {"$filter": {"input": "$messages", "cond": {"$gt": ["$$this.sequence", "$own"]}}}
    ids = {"$map": {"input": unread, "in": "$$this.id"}}
    count = {"$size": {"$setDifference": [ids, "$deleted"]}}
    return [
        {"$match": {"conversation_id": conversation_id, "sequence": {"$gt": sequence}}},
        {"$sort": {"sequence": DESCENDING}},
        {"$limit": look_back},
        {"$group": group},
        {"$project": {"seen": 1, "own": 1, "count": count}},
    ]
