"""Collections, validators and indexes, brought up to date at start.

A released migration is never changed; a later one corrects it. Each can run twice and in several
processes at a time, since `create`, `collMod` and `createIndexes` change nothing if the result
already exists.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, UpdateOne
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from marketplace.domain.quotes import FIGURES
from marketplace.places import directory_place
from marketplace.storage.collection import Database

_NAMESPACE_EXISTS = 48
_DAY_S = 86_400
_BATCH = 1_000


def _requires(**types: str | list[str]) -> dict[str, Any]:
    """A JSON schema that requires these fields with these BSON types."""
    return {
        "$jsonSchema": {
            "bsonType": "object",
            "required": list(types),
            "properties": {name: {"bsonType": kind} for name, kind in types.items()},
        }
    }


_NUMBER = ["int", "long"]

_VALIDATORS: Mapping[str, dict[str, Any]] = {
    "accounts": _requires(_id="string", email="string", role="string", password_hash="string"),
    "sessions": _requires(account_id="string", refresh_token_hash="string", expires_at="date"),
    "vendors": {
        "$and": [
            _requires(state="string", categories="array", capacity=_NUMBER, open_matches=_NUMBER),
            {"open_matches": {"$gte": 0}},
        ]
    },
    "rfis": {
        "$and": [
            _requires(customer_id="string", state="string", revision=_NUMBER, location="object"),
            {"revision": {"$gte": 1}, "match_count": {"$gte": 0}},
            {"$expr": {"$lte": ["$match_count", "$max_vendors"]}},
        ]
    },
    "rfi_revisions": _requires(rfi_id="string", revision=_NUMBER, at="date", changes="array"),
    "matches": _requires(rfi_id="string", vendor_id="string", state="string", distance_m=_NUMBER),
    "quotes": _requires(rfi_id="string", vendor_id="string", state="string", amount_minor=_NUMBER),
    "conversations": _requires(rfi_id="string", participants="array"),
    "entries": {
        "$and": [
            _requires(conversation_id="string", sequence=_NUMBER, kind="string", at="date"),
            {"sequence": {"$gte": 1}},
        ]
    },
    "read_positions": _requires(delivered_sequence=_NUMBER, read_sequence=_NUMBER),
    "outbox": _requires(topic="string", key="string", value="binData", occurred_at="date"),
    "handled_events": _requires(at="date"),
    "notifications": _requires(
        event_id="string", account_id="string", channel="string", due_at="date"
    ),
    "idempotency_keys": _requires(request_hash="string", at="date"),
    "leases": _requires(holder="string", expires_at="date"),
    "relay_positions": _requires(_id="string"),
}

_INDEXES: Mapping[str, list[IndexModel]] = {
    "accounts": [IndexModel([("email", ASCENDING)], unique=True)],
    "sessions": [
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("account_id", ASCENDING)]),
    ],
    "vendors": [
        IndexModel(
            [
                ("state", ASCENDING),
                ("categories", ASCENDING),
                ("service_area.location", GEOSPHERE),
            ],
            name="closest",
        ),
        IndexModel([("state", ASCENDING), ("_id", DESCENDING)]),
    ],
    "rfis": [IndexModel([("customer_id", ASCENDING), ("_id", DESCENDING)])],
    "rfi_revisions": [IndexModel([("rfi_id", ASCENDING), ("revision", ASCENDING)], unique=True)],
    "matches": [
        IndexModel([("rfi_id", ASCENDING), ("vendor_id", ASCENDING)], unique=True),
        IndexModel([("vendor_id", ASCENDING), ("state", ASCENDING), ("_id", DESCENDING)]),
    ],
    "quotes": [IndexModel([("rfi_id", ASCENDING), ("vendor_id", ASCENDING)], unique=True)],
    "conversations": [
        IndexModel([("participants.account_id", ASCENDING), ("_id", DESCENDING)]),
    ],
    "entries": [
        IndexModel([("conversation_id", ASCENDING), ("sequence", ASCENDING)], unique=True),
        IndexModel(
            [
                ("conversation_id", ASCENDING),
                ("sender_id", ASCENDING),
                ("client_message_id", ASCENDING),
            ],
            unique=True,
            partialFilterExpression={"client_message_id": {"$type": "string"}},
        ),
    ],
    "read_positions": [IndexModel([("conversation_id", ASCENDING)])],
    "outbox": [IndexModel([("occurred_at", ASCENDING)], expireAfterSeconds=7 * _DAY_S)],
    "handled_events": [IndexModel([("at", ASCENDING)], expireAfterSeconds=30 * _DAY_S)],
    "notifications": [
        IndexModel(
            [("event_id", ASCENDING), ("account_id", ASCENDING), ("channel", ASCENDING)],
            unique=True,
        ),
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING)]),
        IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)]),
    ],
    "idempotency_keys": [IndexModel([("at", ASCENDING)], expireAfterSeconds=_DAY_S)],
}


async def _create(database: Database, name: str, validator: dict[str, Any]) -> None:
    try:
        await database.create_collection(name, validator=validator)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != _NAMESPACE_EXISTS:
            raise
        await database.command("collMod", name, validator=validator)


async def _first_schema(database: Database) -> None:
    for name, validator in _VALIDATORS.items():
        await _create(database, name, validator)
    for name, indexes in _INDEXES.items():
        await database[name].create_indexes(indexes)


async def _reports(database: Database) -> None:
    types = _requires(message_id="string", reporter_id="string", state="string", created_at="date")
    await _create(database, "reports", types)
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


async def _deletions(database: Database) -> None:
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


async def _quote_revisions(database: Database) -> None:
    """Quotes of the previous version have no revision: give them their first one."""
    types = _requires(quote_id="string", revision=_NUMBER, at="date", amount_minor=_NUMBER)
    await _create(database, "quote_revisions", types)
    await database["quote_revisions"].create_indexes(
        [IndexModel([("quote_id", ASCENDING), ("revision", ASCENDING)], unique=True)]
    )
    unnumbered = {"revision": {"$exists": False}}
    first = {
        "_id": {"$concat": ["$_id", ":1"]},
        "quote_id": "$_id",
        "revision": {"$literal": 1},
        "at": "$updated_at",
        **dict.fromkeys(FIGURES, 1),
    }
    merge = {"into": "quote_revisions", "whenMatched": "keepExisting"}
    await (
        database["quotes"]
        .aggregate([{"$match": unnumbered}, {"$project": first}, {"$merge": merge}])
        .to_list(None)
    )
    await database["quotes"].update_many(unnumbered, {"$set": {"revision": 1}})


async def _keys_of_messages(database: Database) -> None:
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


async def _rounded_places(database: Database) -> None:
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
    await _place_vendors(database)
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


async def _place_vendors(database: Database) -> None:
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


async def _offers_and_quotas(database: Database) -> None:
    await database["matches"].create_indexes(
        [IndexModel([("state", ASCENDING), ("offered_at", ASCENDING)])]
    )
    await database["rfis"].create_indexes(
        [IndexModel([("customer_id", ASCENDING), ("state", ASCENDING)])]
    )
    await _create(database, "submissions", _requires(at="array", kept_at="date"))
    await database["submissions"].create_indexes(
        [IndexModel([("kept_at", ASCENDING)], expireAfterSeconds=2 * _DAY_S)]
    )


def _directory_place(vendor: Mapping[str, Any]) -> dict[str, Any]:
    return directory_place(vendor["_id"], vendor["service_area"]["location"])


async def _epochs(database: Database) -> None:
    await _create(database, "epochs", _requires(epoch="string"))


async def _digests(database: Database) -> None:
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


async def _recipients(database: Database) -> None:
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
    await _create(database, "suppressions", _requires(channel="string", reason="string"))
    await _create(database, "send_quotas", _requires(places="array", expires_at="date"))
    await database["send_quotas"].create_indexes(
        [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)]
    )


MIGRATIONS: tuple[Callable[[Database], Awaitable[None]], ...] = (
    _first_schema,
    _reports,
    _deletions,
    _quote_revisions,
    _keys_of_messages,
    _rounded_places,
    _epochs,
    _digests,
    _offers_and_quotas,
    _recipients,
)


async def migrate(database: Database) -> None:
    """Run the migrations that this database has not had, in order, and record them in `migrations`.

    Each start also repairs what processes of the previous version have written since the last one:
    when they replace a vendor's document, they drop the fields that they do not know.
    """
    done = {migration["_id"] for migration in await database["migrations"].find().to_list(None)}
    for version, migration in enumerate(MIGRATIONS, start=1):
        if version in done:
            continue
        await migration(database)
        try:
            await database["migrations"].insert_one(
                {"_id": version, "applied_at": datetime.now(UTC)}
            )
        except DuplicateKeyError:  # another process ran it at the same time
            continue
    await _place_vendors(database)
