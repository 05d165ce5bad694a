"""Sets the timers of rows that the previous version has written."""

import asyncio
from datetime import datetime, timedelta

from marketplace.actions.lifetimes import set_missing
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World

LOG = get_logger(__name__)
SWEEP_EVERY_S = 60.0
# Longer than a transaction takes and clocks differ.
_OVERLAP = timedelta(minutes=2)


async def sweep(world: World) -> None:
    """Look at all rows that wait, and then each minute at what has changed; until cancelled."""
    since: datetime | None = None
    while True:
        began_at = world.clock.now()
        try:
            count = await set_missing(world, since)
        except TemporaryError as error:
            LOG.warning("a sweep was broken off", why=str(error))
        else:
            since = began_at - _OVERLAP
            if count:
                LOG.info("set missing timers", count=count)
        await asyncio.sleep(SWEEP_EVERY_S)
