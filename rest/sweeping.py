"""Deletes files that nothing owns, in the background."""

import asyncio
import random

from marketplace.actions.sweeping import sweep
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World

LOG = get_logger(__name__)
EVERY_S = 600.0


async def sweep_for_ever(world: World, every_s: float = EVERY_S) -> None:
    """Sweep every ten minutes or so; several processes do this, at different moments."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)  # noqa: S311 # no secret
        try:
            await sweep(world)
        except TemporaryError as error:
            LOG.warning("could not delete unused files", why=str(error))
