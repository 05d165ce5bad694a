"""The collections of version 0.1."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel

from marketplace.storage.collection import Database
from marketplace.storage.migrations.shapes import DAY_S, NUMBER, create, requires

_VALIDATORS: Mapping[str, dict[str, Any]] = {
    "accounts": requires(_id="string", email="string", role="string", password_hash="string"),
    "sessions": requires(account_id="string", refresh_token_hash="string", expires_at="date"),
    "vendors": {
        "$and": [
            requires(state="string", categories="array", capacity=NUMBER, open_matches=NUMBER),
            {"open_matches": {"$gte": 0}},
        ]
    },
    "rfis": {
        "$and": [
            requires(customer_id="string", state="string", revision=NUMBER, location="object"),
            {"revision": {"$gte": 1}, "match_count": {"$gte": 0}},
            {"$expr": {"$lte": ["$match_count", "$max_vendors"]}},
        ]
    },
    "rfi_revisions": requires(rfi_id="string", revision=NUMBER, at="date", changes="array"),
    "matches": requires(rfi_id="string", vendor_id="string", state="string", distance_m=NUMBER),
    "quotes": requires(rfi_id="string", vendor_id="string", state="string", amount_minor=NUMBER),
    "conversations": requires(rfi_id="string", participants="array"),
    "entries": {
        "$and": [
            requires(conversation_id="string", sequence=NUMBER, kind="string", at="date"),
            {"sequence": {"$gte": 1}},
        ]
    },
    "read_positions": requires(delivered_sequence=NUMBER, read_sequence=NUMBER),
    "outbox": requires(topic="string", key="string", value="binData", occurred_at="date"),
    "handled_events": requires(at="date"),
    "notifications": requires(
        event_id="string", account_id="string", channel="string", due_at="date"
    ),
    "idempotency_keys": requires(request_hash="string", at="date"),
    "leases": requires(holder="string", expires_at="date"),
    "relay_positions": requires(_id="string"),
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
    "outbox": [IndexModel([("occurred_at", ASCENDING)], expireAfterSeconds=7 * DAY_S)],
    "handled_events": [IndexModel([("at", ASCENDING)], expireAfterSeconds=30 * DAY_S)],
    "notifications": [
        IndexModel(
            [("event_id", ASCENDING), ("account_id", ASCENDING), ("channel", ASCENDING)],
            unique=True,
        ),
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING)]),
        IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)]),
    ],
    "idempotency_keys": [IndexModel([("at", ASCENDING)], expireAfterSeconds=DAY_S)],
}


async def first_schema(database: Database) -> None:
    """Every collection of the first version."""
    for name, validator in _VALIDATORS.items():
        await create(database, name, validator)
    for name, indexes in _INDEXES.items():
        await database[name].create_indexes(indexes)
