"""Counts people's unread messages in many conversations with one or two commands."""

from collections.abc import Mapping
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.conversations import EntryKind
from marketplace.domain.unread import MAX_UNREAD, Unread

# How many entries are examined in each conversation: for a list of 200 these are 24,000, in a
# twentieth of a second. If that is not enough because so many were deleted or edited, the
# conversation is examined again with the second number.
LOOK_BACK = (120, 5_000)

Pair = tuple[str, str]


async def count_unread(collection: Any, read: Mapping[Pair, int]) -> dict[Pair, Unread]:
    """The rule of `domain/unread.py`, for (conversation, account) pairs after a read position."""
    counts: dict[Pair, Unread] = {}
    remaining = dict(read)
    for look_back in LOOK_BACK:
        if not remaining:
            break
        first, *further_pipelines = [
            [
                {"$match": {"conversation_id": pair[0], "sequence": {"$gt": sequence}}},
                *summary_stages(pair[1], look_back),
            ]
            for pair, sequence in remaining.items()
        ]
        unions = [
            {"$unionWith": {"coll": collection.name, "pipeline": stages}}
            for stages in further_pipelines
        ]
        cursor = collection.aggregate([*first, *unions], batchSize=len(remaining) + 1)
        summaries = {(found["_id"], found["account_id"]): found async for found in cursor}
        for pair, sequence in list(remaining.items()):
            counts[pair] = unread_in(summaries.get(pair), sequence)
            if is_complete(summaries.get(pair), look_back):
                del remaining[pair]
    return counts


def summary_stages(account_id: str, look_back: int) -> list[dict[str, Any]]:
    """Summarizes the newest of one conversation's entries, which are read along the unique index."""
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
    account = {"$literal": account_id}
    return [
        {"$sort": {"sequence": DESCENDING}},
        {"$limit": look_back},
        {"$group": group},
        {"$project": {"seen": 1, "own": 1, "count": count, "account_id": account}},
    ]


def unread_in(summary: Mapping[str, Any] | None, read_sequence: int) -> Unread:
    """What a summary of the entries after a read position says; None stands for no entry."""
    if summary is None:
        return Unread(read_sequence, 0)
    return Unread(max(read_sequence, summary["own"]), min(summary["count"], MAX_UNREAD))


def is_complete(summary: Mapping[str, Any] | None, look_back: int) -> bool:
    """Whether the entries before those in the summary cannot change the count."""
    return (
        summary is None
        or summary["seen"] < look_back
        or bool(summary["own"])
        or summary["count"] >= MAX_UNREAD
    )
