"""Claims what is due and has it sent, so many at a time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta

from prometheus_client import Gauge

from marketplace import tasks
from marketplace.domain.notifications import Notification
from marketplace.errors import TemporaryError
from marketplace.ports import World
from notify.sender import TIMEOUT_S
from notify.senders import MAX_IN_FLIGHT

LOG = logging.getLogger(__name__)
# Three times what a send can take at most (connect and answer), so that a worker that lives is
# never overtaken.
LEASE = timedelta(seconds=6 * TIMEOUT_S)
# What becomes due with time (a delay, a pause) is found by looking; what is due at once by `wake`.
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 5.0

_IN_FLIGHT = Gauge("parley_notifications_in_flight", "Notifications being sent by this process")


class Worker:
    """Any number of them may run, in one process or in several: each claim is one worker's."""

    def __init__(
        self,
        world: World,
        attempt: Callable[[Notification], Coroutine[object, object, None]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._world = world
        self._attempt = attempt
        self._slots = asyncio.Semaphore(max_in_flight)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._is_stopping = False

    def wake(self) -> None:
        """Say that something may be due."""
        self._woken.set()

    def stop(self) -> None:
        """Claim no more; what is in flight is finished."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Send what becomes due until `stop`, and return when nothing is in flight."""
        pause_s = LOOK_EVERY_S
        try:
            while not self._is_stopping:
                self._woken.clear()
                try:
                    await self.send_due()
                    pause_s = LOOK_EVERY_S
                except TemporaryError as error:
                    LOG.warning("cannot claim", extra={"why": str(error)})
                    pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause_s)
        finally:
            await self.finish()

    async def send_due(self) -> None:
        """Claim all that is due and begin to send it; waits while too many are in flight.

        Raises:
            TemporaryError: when the store is away.
        """
        while True:
            await self._slots.acquire()
            try:
                claimed = await self._claim()
            except BaseException:
                self._slots.release()
                raise
            if claimed is None:
                self._slots.release()
                return
            task = tasks.keep(self._attempt(claimed), f"send-{claimed.id}")
            self._in_flight.add(task)
            task.add_done_callback(self._done)
            _IN_FLIGHT.set(len(self._in_flight))

    async def finish(self) -> None:
        """Wait until nothing is in flight; every try ends by its time-outs."""
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _claim(self) -> Notification | None:
        if self._is_stopping:  # perhaps said while a slot was waited for
            return None
        now = self._world.clock.now()
        return await self._world.store.notifications.claim_due(now, now + LEASE)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._slots.release()
        _IN_FLIGHT.set(len(self._in_flight))
