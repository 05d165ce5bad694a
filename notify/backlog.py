"""How many notifications are due: the number to monitor and to scale by."""

import asyncio

from prometheus_client import Gauge

from marketplace.errors import TemporaryError
from marketplace.ports import World

LOOK_EVERY_S = 5.0
# Counting scans an index; above this number the exact count has no further use.
MOST_COUNTED = 10_000

_DUE = Gauge(
    "parley_notifications_due",
    f"Notifications that are due and waiting, counted up to {MOST_COUNTED}",
)


async def watch(world: World) -> None:
    """Update the metric every few seconds until cancelled; NaN while the store is unavailable."""
    while True:
        try:
            due = await world.store.notifications.count_due(world.clock.now(), MOST_COUNTED)
            _DUE.set(due)
        except TemporaryError:
            _DUE.set(float("nan"))
        await asyncio.sleep(LOOK_EVERY_S)
