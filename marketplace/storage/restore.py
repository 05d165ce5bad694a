"""Repairs after a restore of MongoDB from a backup (docs/restore.md).

The feeds' numbers start a new epoch, and the relay returns to the position in the backup. What a
restore can leave is repaired: numbers above what they count, from a backup that was not of a single
moment (read positions, archived conversations, positions of accounts' feeds); and holes, from a
process that continued from a head it still remembered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference, UpdateOne, WriteConcern
from pymongo.errors import ConfigurationError, PyMongoError

from marketplace.errors import SettingsError, TemporaryError
from marketplace.storage.collection import Database
from marketplace.storage.epoch import READ_EVERY_S, begin_epoch
from marketplace.storage.newest_entries import note_all

# By then every process has read the new epoch, even if its first read failed.
NOTICED_WITHIN_S = 2 * READ_EVERY_S + 1.0
# Each round closes the holes of writers that had not noticed yet; a writer that still has not
# noticed after that never will.
MAX_ROUNDS = 3
_BATCH_SIZE = 1_000
_SEQUENCES = ("read_sequence", "delivered_sequence", "archived_sequence")
# No server accepts this token, so the relay reads everything since its last position again.
_NO_TOKEN = {"_data": "restored"}


async def after_restore(
    mongodb_url: str,
    database_name: str,
    say: Callable[[str], None],
    noticed_within_s: float = NOTICED_WITHIN_S,
) -> None:
    """Begin a new epoch and repair what the restore left behind; safe to run again.

    Raises:
        SettingsError: the address is not valid.
        TemporaryError: MongoDB is not available.
    """
    try:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            mongodb_url, appname="restored", serverSelectionTimeoutMS=5_000, connectTimeoutMS=5_000
        )
    except ConfigurationError as error:
        raise SettingsError("MONGODB_URL is not a MongoDB URL.") from error
    database = client.get_database(
        database_name,
        write_concern=WriteConcern(w="majority", j=True, wtimeout=10_000),
        read_preference=ReadPreference.PRIMARY,
    )
    try:
        await _repair(database, say, noticed_within_s)
    except PyMongoError as error:
        raise TemporaryError(f"MongoDB: {type(error).__name__}") from error
    finally:
        client.close()


async def _repair(database: Database, say: Callable[[str], None], noticed_within_s: float) -> None:
    epoch = await begin_epoch(database)
    say(f"The feeds start epoch {epoch}; running processes notice this within seconds.")
    await database["relay_positions"].update_one(
        {"_id": "relay"}, {"$set": {"token": _NO_TOKEN, "epoch": epoch}}
    )
    lowered = await lower_read_positions(database)
    if lowered:
        say(
            f"{lowered} read positions were above their conversation's head and were lowered to it."
        )
    raised = await raise_feed_heads(database)
    if raised:
        say(f"{raised} accounts' feeds were numbered below their last item and were raised to it.")
    for _ in range(MAX_ROUNDS):
        await asyncio.sleep(noticed_within_s)
        closed = await close_holes(database)
        await note_all(database)
        if not closed:
            return
        epoch = await begin_epoch(database)
        say(f"{closed} conversations had gaps and were renumbered, in epoch {epoch}.")
    say("Gaps may remain. Stop every process that writes, then run this command again.")


async def lower_read_positions(database: Database) -> int:
    """Lower read positions that are above their conversation's head; returns how many."""
    lowered = 0
    async for positions in _batches(database["read_positions"].find()):
        ids = list({position["conversation_id"] for position in positions})
        grouped = database["entries"].aggregate(
            [
                {"$match": {"conversation_id": {"$in": ids}}},
                {"$group": {"_id": "$conversation_id", "head": {"$max": "$sequence"}}},
            ]
        )
        heads = {group["_id"]: group["head"] async for group in grouped}
        updates = [
            UpdateOne({"_id": position["_id"]}, {"$min": dict.fromkeys(above, head)})
            for position in positions
            for head in [heads.get(position["conversation_id"], 0)]
            if (above := [name for name in _SEQUENCES if position.get(name, 0) > head])
        ]
        if updates:
            await database["read_positions"].bulk_write(updates)
            lowered += len(updates)
    return lowered


async def raise_feed_heads(database: Database) -> int:
    """Raise the position of each account to that of its last item; returns how many were below it.

    A position above the last item stays: a process may have appended the next one by now.
    """
    raised = 0
    last_items = database["feed_items"].aggregate(
        [
            {"$match": {"position": {"$gt": 0}}},
            {"$sort": {"account_id": -1, "position": -1}},
            {"$group": {"_id": "$account_id", "position": {"$first": "$position"}}},
        ]
    )
    async for last_item in last_items:
        outcome = await database["feed_heads"].update_one(
            {"_id": last_item["_id"]}, {"$max": {"position": last_item["position"]}}, upsert=True
        )
        raised += outcome.modified_count + (outcome.upserted_id is not None)
    return raised


async def close_holes(database: Database) -> int:
    """Renumber conversations with holes densely, in the same order; returns how many."""
    entries = database["entries"]
    with_holes = entries.aggregate(
        [
            {"$sort": {"conversation_id": 1, "sequence": 1}},
            {
                "$group": {
                    "_id": "$conversation_id",
                    "count": {"$sum": 1},
                    "head": {"$last": "$sequence"},
                }
            },
            {"$match": {"$expr": {"$ne": ["$count", "$head"]}}},
        ],
        allowDiskUse=True,
    )
    closed = 0
    async for conversation in with_holes:
        documents = entries.find({"conversation_id": conversation["_id"]}, {"sequence": 1})
        number = 0
        # In ascending order, so that the next lower number is always free.
        async for batch in _batches(documents.sort("sequence", 1)):
            updates = []
            for entry in batch:
                number += 1
                if entry["sequence"] != number:
                    updates.append(UpdateOne({"_id": entry["_id"]}, {"$set": {"sequence": number}}))
            if updates:
                await entries.bulk_write(updates, ordered=True)
        closed += 1
    return closed


async def _batches(cursor: Any) -> AsyncIterator[list[dict[str, Any]]]:
    while batch := await cursor.to_list(_BATCH_SIZE):
        yield batch
