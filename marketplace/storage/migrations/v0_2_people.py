"""What version 0.2 adds for people: accounts, feeds, inboxes, vendors' onboarding and teams."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from marketplace.domain.account_feed import LIFETIME
from marketplace.storage.collection import Database
from marketplace.storage.migrations.shapes import DAY_S, NUMBER, create, requires
from marketplace.storage.newest_entries import note_all


async def accounts(database: Database) -> None:
    """Addresses, codes, second factors and erasures of accounts."""
    owned = requires(account_id="string", kind="string", address="string")
    await create(database, "addresses", owned)
    live = requires(nonce="string", account_id="string", expires_at="date")
    await create(database, "codes", live)
    await create(database, "second_factors", requires(secret="binData", created_at="date"))
    await create(database, "erasures", requires(role="string", requested_at="date"))
    await database["addresses"].create_indexes([IndexModel([("account_id", ASCENDING)])])
    await database["codes"].create_indexes(
        [
            IndexModel([("nonce", ASCENDING)], unique=True),
            IndexModel([("account_id", ASCENDING)]),
            # Looked up at each registration: may a change away from this address be undone?
            IndexModel([("address", ASCENDING)], partialFilterExpression={"purpose": "email_undo"}),
            IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        ]
    )
    await database["erasures"].create_indexes([IndexModel([("due_at", ASCENDING)])])
    await database["reports"].create_indexes(
        [IndexModel([("reporter_id", ASCENDING), ("_id", DESCENDING)])]
    )


async def passkeys(database: Database) -> None:
    """The passkeys of accounts."""
    types = requires(
        account_id="string", credential_id="string", public_key="binData", created_at="date"
    )
    await create(database, "passkeys", types)
    await database["passkeys"].create_indexes(
        [
            IndexModel([("credential_id", ASCENDING)], unique=True),
            IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)]),
        ]
    )


async def account_feeds(database: Database) -> None:
    """The feeds of accounts: items, and each account's highest position."""
    types = requires(account_id="string", name="string", data="object", at="date")
    await create(database, "feed_items", types)
    await database["feed_items"].create_indexes(
        [
            IndexModel(
                [("account_id", ASCENDING), ("position", ASCENDING)],
                unique=True,
                partialFilterExpression={"position": {"$gt": 0}},
            ),
            IndexModel(
                [("account_id", ASCENDING), ("_id", ASCENDING)],
                name="waiting",
                partialFilterExpression={"is_waiting": True},
            ),
            IndexModel([("at", ASCENDING)], expireAfterSeconds=LIFETIME.days * DAY_S),
        ]
    )
    await create(database, "feed_heads", requires(position=NUMBER))


async def inboxes(database: Database) -> None:
    """The order of inboxes: by the time of each conversation's newest entry."""
    await database["conversations"].create_indexes(
        [
            IndexModel(
                [
                    ("participants.account_id", ASCENDING),
                    ("newest.at", DESCENDING),
                    ("_id", DESCENDING),
                ],
                name="inbox",
            )
        ]
    )
    await note_all(database)


async def onboarding(database: Database) -> None:
    """Documents of vendors, the audit trail, and indexes of what waits for a review."""
    types = requires(vendor_id="string", type="string", state="string", created_at="date")
    await create(database, "vendor_documents", types)
    await database["vendor_documents"].create_indexes(
        [IndexModel([("vendor_id", ASCENDING), ("_id", ASCENDING)])]
    )
    await create(database, "audit", requires(subject_id="string", action="string", at="date"))
    await database["audit"].create_indexes(
        [
            IndexModel([("subject_id", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("actor_id", ASCENDING), ("_id", DESCENDING)]),
        ]
    )
    await database["vendors"].create_indexes(
        [
            # Only vendors that wait for a review: of their application, or of their changes.
            IndexModel(
                [("state", ASCENDING), ("updated_at", ASCENDING), ("_id", ASCENDING)],
                name="applications",
                partialFilterExpression={"state": "in_review"},
            ),
            IndexModel([("drawn_area.radius_m", ASCENDING)], name="drawn_areas", sparse=True),
            IndexModel(
                [("proposal.submitted_at", ASCENDING), ("_id", ASCENDING)],
                partialFilterExpression={"proposal.submitted_at": {"$type": "date"}},
            ),
        ]
    )


async def teams(database: Database) -> None:
    """Members of vendors' teams, and the conversations assigned within them."""
    types = requires(vendor_id="string", role="string", slot=NUMBER, invited_at="date")
    await create(database, "members", types)
    await database["members"].create_indexes(
        [IndexModel([("vendor_id", ASCENDING), ("slot", ASCENDING)], unique=True)]
    )
    await create(database, "assignments", requires(vendor_id="string", account_id="string"))
    await database["assignments"].create_indexes(
        [
            IndexModel([("vendor_id", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("account_id", ASCENDING), ("_id", DESCENDING)]),
        ]
    )
