"""What version 0.2 adds."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, UpdateOne

from marketplace.domain.quote_revisions import PLAIN_FIGURES
from marketplace.places import directory_place
from marketplace.storage.collection import Database
from marketplace.storage.migrations.shapes import DAY_S, NUMBER, create, requires

_BATCH = 1_000


async def reports(database: Database) -> None:
    """Reports of messages, and an index of each message's edits."""
    types = requires(message_id="string", reporter_id="string", state="string", created_at="date")
    await create(database, "reports", types)
    await database["reports"].create_indexes(
        [
            IndexModel([("message_id", ASCENDING), ("reporter_id", ASCENDING)], unique=True),
            IndexModel([("state", ASCENDING), ("_id", DESCENDING)]),
        ]
    )
    # The edits of one message; messages themselves have no such field and are not in the index.
    await database["entries"].create_indexes(
        [
            IndexModel(
                [("message_id", ASCENDING), ("sequence", ASCENDING)],
                partialFilterExpression={"message_id": {"$type": "string"}},
            )
        ]
    )


async def deletions(database: Database) -> None:
    """An index of deletions, so that a message is deleted once."""
    # The index contains no messages. Not unique: earlier versions stored a second deletion of a
    # message.
    await database["entries"].create_indexes(
        [
            IndexModel(
                [("message_id", ASCENDING)],
                name="deletions",
                partialFilterExpression={"kind": "deletion"},
            )
        ]
    )


async def quote_revisions(database: Database) -> None:
    """Quotes of the previous version have no revision: give them their first one."""
    types = requires(quote_id="string", revision=NUMBER, at="date", amount_minor=NUMBER)
    await create(database, "quote_revisions", types)
    await database["quote_revisions"].create_indexes(
        [IndexModel([("quote_id", ASCENDING), ("revision", ASCENDING)], unique=True)]
    )
    unnumbered = {"revision": {"$exists": False}}
    first = {
        "_id": {"$concat": ["$_id", ":1"]},
        "quote_id": "$_id",
        "revision": {"$literal": 1},
        "at": "$updated_at",
        **dict.fromkeys(PLAIN_FIGURES, 1),
    }
    merge = {"into": "quote_revisions", "whenMatched": "keepExisting"}
    await (
        database["quotes"]
        .aggregate([{"$match": unnumbered}, {"$project": first}, {"$merge": merge}])
        .to_list(None)
    )
    await database["quotes"].update_many(unnumbered, {"$set": {"revision": 1}})


async def keys_of_messages(database: Database) -> None:
    """An index of the Idempotency-Keys that messages hold."""
    # Messages without an Idempotency-Key, and those of the previous version, are not in the index.
    await database["entries"].create_indexes(
        [
            IndexModel(
                [("sender_id", ASCENDING), ("request.key", ASCENDING)],
                unique=True,
                partialFilterExpression={"request.key": {"$exists": True}},
            )
        ]
    )


async def rounded_places(database: Database) -> None:
    """Give vendors the place where the directory lists them; round the distances of matches."""
    vendors = database["vendors"]
    await vendors.create_indexes(
        [
            IndexModel(
                [
                    ("state", ASCENDING),
                    ("categories", ASCENDING),
                    ("directory_place", GEOSPHERE),
                ],
                name="directory",
            )
        ]
    )
    await place_vendors(database)
    kilometres = {"$multiply": [{"$round": [{"$divide": ["$distance_m", 1_000]}]}, 1_000]}
    await database["matches"].update_many(
        {"distance_m": {"$not": {"$mod": [1_000, 0]}}},
        [
            {
                "$set": {
                    "distance_m": {"$toInt": {"$max": [1_000, kilometres]}},
                    "score": {"$round": ["$score", 1]},
                }
            }
        ],
    )


async def place_vendors(database: Database) -> None:
    """Give every vendor without one its place in the directory."""
    vendors = database["vendors"]
    without_place = {"service_area.location": {"$exists": True}, "directory_place": None}
    cursor = vendors.find(without_place, {"service_area.location": 1})
    while batch := await cursor.to_list(_BATCH):
        await vendors.bulk_write(
            [
                UpdateOne(
                    {
                        "_id": vendor["_id"],
                        "service_area.location": vendor["service_area"]["location"],
                    },
                    {"$set": {"directory_place": _directory_place(vendor)}},
                )
                for vendor in batch
            ],
            ordered=False,
        )


def _directory_place(vendor: Mapping[str, Any]) -> dict[str, Any]:
    return directory_place(vendor["_id"], vendor["service_area"]["location"])


async def restore_polygons(database: Database) -> None:
    """Give vendors back the polygons that the previous version has dropped.

    A vendor whose circle has changed meanwhile has another area.
    """
    is_same = {
        "$and": [
            {"$eq": [f"$drawn_area.{name}", f"$service_area.{name}"]}
            for name in ("location", "radius_m")
        ]
    }
    await database["vendors"].update_many(
        {"drawn_area.radius_m": {"$exists": True}, "service_area.polygon": None, "$expr": is_same},
        [{"$set": {"service_area": "$drawn_area"}}],
    )


async def offers_and_quotas(database: Database) -> None:
    """Indexes for expired offers and open RFIs; submissions per account."""
    await database["matches"].create_indexes(
        [IndexModel([("state", ASCENDING), ("offered_at", ASCENDING)])]
    )
    await database["rfis"].create_indexes(
        [IndexModel([("customer_id", ASCENDING), ("state", ASCENDING)])]
    )
    await create(database, "submissions", requires(at="array", kept_at="date"))
    await database["submissions"].create_indexes(
        [IndexModel([("kept_at", ASCENDING)], expireAfterSeconds=2 * DAY_S)]
    )


async def epochs(database: Database) -> None:
    """The epoch of the sequence numbers."""
    await create(database, "epochs", requires(epoch="string"))


async def digests(database: Database) -> None:
    """Digests of the previous version have no key, and are not in the index."""
    await database["notifications"].create_indexes(
        [
            IndexModel(
                [("data.digest", ASCENDING), ("data.first_sequence", ASCENDING)],
                name="digests",
                partialFilterExpression={"data.digest": {"$exists": True}},
            )
        ]
    )


async def recipients(database: Database) -> None:
    """Suppressions, quotas per recipient, and indexes for one lane per channel."""
    # Each channel claims its own notifications, without scanning those of the other channels.
    await database["notifications"].create_indexes(
        [
            IndexModel([("channel", ASCENDING), ("state", ASCENDING), ("due_at", ASCENDING)]),
            IndexModel(
                [("provider_id", ASCENDING)],
                partialFilterExpression={"provider_id": {"$exists": True}},
            ),
        ]
    )
    await create(database, "suppressions", requires(channel="string", reason="string"))
    await create(database, "send_quotas", requires(places="array", expires_at="date"))
    await database["send_quotas"].create_indexes(
        [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)]
    )


async def timers(database: Database) -> None:
    """Timers, and indexes of what waits by its last change."""
    types = requires(kind="string", subject_id="string", due_at="date", claimable_at="date")
    await create(database, "timers", types)
    await database["timers"].create_indexes(
        [
            IndexModel([("kind", ASCENDING), ("claimable_at", ASCENDING)]),
            IndexModel([("kind", ASCENDING), ("due_at", ASCENDING)]),
        ]
    )
    for name in ("rfis", "matches"):
        await database[name].create_indexes(
            [
                IndexModel(
                    [("state", ASCENDING), ("updated_at", ASCENDING), ("_id", ASCENDING)],
                    name="waiting",
                )
            ]
        )


async def expiring_quotes(database: Database) -> None:
    """An index of the quotes that expire, by their last change."""
    await database["quotes"].create_indexes(
        [
            IndexModel(
                [("state", ASCENDING), ("updated_at", ASCENDING), ("_id", ASCENDING)],
                name="expiring",
                partialFilterExpression={"valid_until": {"$type": "date"}},
            )
        ]
    )


async def decisions(database: Database) -> None:
    """Decisions; and the notices of conversations, for the timeline of an RFI."""
    types = requires(kind="string", subject_id="string", at="date", inputs="object")
    await create(database, "decisions", types)
    await database["decisions"].create_indexes(
        [
            IndexModel([("subject_id", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("kind", ASCENDING), ("_id", DESCENDING)]),
        ]
    )
    # A few notices among many messages; messages are not in the index.
    await database["entries"].create_indexes(
        [
            IndexModel(
                [("conversation_id", ASCENDING), ("at", DESCENDING)],
                name="notices",
                partialFilterExpression={"kind": "notice"},
            )
        ]
    )


async def files(database: Database) -> None:
    """Attachments, each account's uploads, and blobs with their bytes in GridFS."""
    is_date = {"$type": "date"}
    await create(database, "attachments", requires(account_id="string", state="string"))
    await database["attachments"].create_indexes(
        [
            # Both fields of the sum that the quota needs.
            IndexModel([("account_id", ASCENDING), ("bytes", ASCENDING)]),
            IndexModel(
                [("unused_since", ASCENDING)],
                partialFilterExpression={"unused_since": is_date},
            ),
            IndexModel(
                [("claimed_at", ASCENDING)], partialFilterExpression={"claimed_at": is_date}
            ),
        ]
    )
    await create(database, "uploads", requires(uploads="array", kept_at="date"))
    await database["uploads"].create_indexes(
        [IndexModel([("kept_at", ASCENDING)], expireAfterSeconds=2 * DAY_S)]
    )
    await create(database, "blobs", requires(name="string", media_type="string"))
    await database["blobs"].create_indexes(
        [
            IndexModel(
                [("owner", ASCENDING)], partialFilterExpression={"owner": {"$type": "string"}}
            ),
            IndexModel(
                [("unused_since", ASCENDING)],
                partialFilterExpression={"unused_since": is_date},
            ),
        ]
    )
    await create(database, "blob_bytes.files", requires(length=NUMBER, chunkSize=NUMBER))
    await create(database, "blob_bytes.chunks", requires(n=NUMBER, data="binData"))
    # The index of GridFS's specification.
    await database["blob_bytes.chunks"].create_indexes(
        [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)]
    )
