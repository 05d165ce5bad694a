"""Claims what is due and has it sent, each channel in a lane of its own."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta

from prometheus_client import Gauge

from marketplace import tasks
from marketplace.domain.notifications import Notification
from marketplace.errors import TemporaryError
from marketplace.ports import World
from notify.lane import Lane
from notify.sender import TIMEOUT_S

LOG = logging.getLogger(__name__)
# Three times what a try can take at most (a look-up and a send), so that a worker that lives is
# never overtaken.
LEASE = timedelta(seconds=6 * TIMEOUT_S)
# What becomes due with time (a delay, a pause) is found by looking; what is due at once by `wake`.
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 5.0

_IN_FLIGHT = Gauge("parley_notifications_in_flight", "Notifications that this process is sending")


class Worker:
    """Any number of them may run, in one process or in several: each claim is one worker's."""

    def __init__(
        self,
        world: World,
        attempt: Callable[[Notification], Coroutine[object, object, None]],
        lanes: Sequence[Lane],
    ) -> None:
        self._world = world
        self._attempt = attempt
        self._woken = {lane: asyncio.Event() for lane in lanes}
        self._in_flight: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def wake(self) -> None:
        """Say that something may be due."""
        for woken in self._woken.values():
            woken.set()

    def stop(self) -> None:
        """Claim no more; what is in flight is finished."""
        self._is_stopping = True
        self.wake()

    async def run(self) -> None:
        """Send what becomes due until `stop`, and return when nothing is in flight."""
        try:
            await asyncio.gather(*(self._serve(*each) for each in self._woken.items()))
        finally:
            self.stop()  # when one lane broke, the other ends too, and another process takes over
            await self.finish()

    async def send_due(self) -> None:
        """Claim all that is due and begin to send it; waits while too many are in flight.

        Raises:
            TemporaryError: when the store is away.
        """
        await asyncio.gather(*map(self._send_due, self._woken))

    async def finish(self) -> None:
        """Wait until nothing is in flight; every try ends by its time-outs."""
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _serve(self, lane: Lane, woken: asyncio.Event) -> None:
        pause_s = LOOK_EVERY_S
        while not self._is_stopping:
            woken.clear()
            try:
                await self._send_due(lane)
                pause_s = min(lane.wait_s(), LONGEST_PAUSE_S) or LOOK_EVERY_S
            except TemporaryError as error:
                LOG.warning("cannot claim", extra={"why": str(error)})
                pause_s = min(max(pause_s, LOOK_EVERY_S) * 2, LONGEST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), pause_s)

    async def _send_due(self, lane: Lane) -> None:
        while True:
            await lane.slots.acquire()
            try:
                claimed = await self._claim(lane)
            except BaseException:
                lane.slots.release()
                raise
            if claimed is None:
                lane.slots.release()
                return
            lane.begin()
            task = tasks.keep(self._attempt(claimed), f"send-{claimed.id}")
            self._in_flight.add(task)
            task.add_done_callback(lambda done: self._done(done, lane))
            _IN_FLIGHT.set(len(self._in_flight))

    async def _claim(self, lane: Lane) -> Notification | None:
        # Perhaps said while a slot was waited for.
        if self._is_stopping or lane.is_full or lane.wait_s() > 0:
            return None
        now = self._world.clock.now()
        return await self._world.store.notifications.claim_due(lane.channel, now, now + LEASE)

    def _done(self, task: asyncio.Task[None], lane: Lane) -> None:
        self._in_flight.discard(task)
        lane.slots.release()
        lane.end()
        _IN_FLIGHT.set(len(self._in_flight))
