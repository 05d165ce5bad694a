"""Runs the erasures of accounts that are due."""

import asyncio
import contextlib

from prometheus_client import Counter

from marketplace.actions import erasures
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World

LOG = get_logger(__name__)
# Of an erasure whose process was killed; one that begins here does not wait.
LOOK_EVERY_S = 10.0

_RUNS = Counter(
    "parley_erasure_runs_total", "Runs of the erasure of an account, by outcome", ["outcome"]
)


class Erasing:
    """Any number of processes may run it: each erasure is claimed by one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Tell it that an erasure is due."""
        self._woken.set()

    async def run_for_ever(self) -> None:
        """Run what is due, until cancelled."""
        while True:
            self._woken.clear()
            await self.run_due()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_EVERY_S)

    async def run_due(self) -> None:
        """Run everything that is due now; what fails is due again when its lease has ended."""
        try:
            while await erasures.run_due(self._world):
                _RUNS.labels("finished").inc()
        except TemporaryError as error:
            LOG.warning("an erasure waits for the store", why=str(error))
            _RUNS.labels("put_off").inc()
        except Exception:
            LOG.exception("an erasure failed")
            _RUNS.labels("failed").inc()
