"""How many notifications are due and wait: the number to watch and to scale by."""

import asyncio

from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from marketplace.domain.notifications import NotificationState
from marketplace.ports import Clock
from marketplace.storage.collection import Database

LOOK_EVERY_S = 5.0
# Counting goes along an index; beyond this many the exact number says nothing more.
MOST_COUNTED = 10_000

_DUE = Gauge("parley_notifications_due", f"Due and waiting, up to {MOST_COUNTED}")


async def count_due(database: Database, clock: Clock) -> int:
    """How many could be claimed now, up to 10,000."""
    on_the_way = [NotificationState.PENDING.value, NotificationState.SENDING.value]
    return await database["notifications"].count_documents(
        {"state": {"$in": on_the_way}, "due_at": {"$lte": clock.now()}},
        limit=MOST_COUNTED,
        maxTimeMS=2_000,
    )


async def watch(database: Database, clock: Clock) -> None:
    """Measure every few seconds, until cancelled; NaN while the store is away."""
    while True:
        try:
            _DUE.set(await count_due(database, clock))
        except PyMongoError:
            _DUE.set(float("nan"))
        await asyncio.sleep(LOOK_EVERY_S)
