"""Collections, validators and indexes, brought up to date at start.

    shapes.py        what the migrations share
    v0_1.py          the collections of version 0.1
    v0_2.py          what version 0.2 adds to RFIs and conversations: quotes, timers, files
    v0_2_people.py   and for people: accounts, feeds, inboxes, onboarding, teams

A released migration is never changed; a later one corrects it. Each can run twice and in several
processes at a time, since `create`, `collMod` and `createIndexes` change nothing if the result
already exists.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from marketplace.storage.collection import Database
from marketplace.storage.migrations import v0_2, v0_2_people
from marketplace.storage.migrations.v0_1 import first_schema

MIGRATIONS: tuple[Callable[[Database], Awaitable[None]], ...] = (
    first_schema,
    v0_2.reports,
    v0_2.deletions,
    v0_2.quote_revisions,
    v0_2.keys_of_messages,
    v0_2.rounded_places,
    v0_2.epochs,
    v0_2.digests,
    v0_2.offers_and_quotas,
    v0_2.recipients,
    v0_2.timers,
    v0_2.decisions,
    v0_2.files,
    v0_2_people.accounts,
    v0_2_people.passkeys,
    v0_2_people.account_feeds,
    v0_2_people.inboxes,
    v0_2.expiring_quotes,
    v0_2_people.onboarding,
    v0_2_people.teams,
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
    await v0_2.place_vendors(database)
    await v0_2.restore_polygons(database)
