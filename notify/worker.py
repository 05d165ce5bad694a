"""Claims due notifications and has them sent, each channel in its own lane."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta

from prometheus_client import Gauge

from marketplace import tasks
from marketplace.backoff import Backoff
from marketplace.domain.notifications import Notification
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World
from notify.lane import Lane
from notify.sender import TIMEOUT_S

LOG = get_logger(__name__)
# Three times the longest possible try (a look-up and a send), so that no other worker takes over a
# live worker's claim.
LEASE = timedelta(seconds=6 * TIMEOUT_S)
# Polling finds what becomes due later (a delay, a pause); `wake` announces what is due at once.
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 5.0

_IN_FLIGHT = Gauge("parley_notifications_in_flight", "Notifications that this process is sending")


class Worker:
    """Claims and sends; any number may run, in one process or several, as claims are exclusive."""

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
        """Tell the worker that something may be due."""
        for woken in self._woken.values():
            woken.set()

    def stop(self) -> None:
        """Claim no more; tries in flight are finished."""
        self._is_stopping = True
        self.wake()

    async def run(self) -> None:
        """Send what becomes due until `stop`; return when nothing is in flight."""
        try:
            await asyncio.gather(*(self._serve(lane, woken) for lane, woken in self._woken.items()))
        finally:
            self.stop()  # if one lane fails, the other stops too, and another process takes over
            await self.finish()

    async def send_due(self) -> None:
        """Claim everything due and start to send it; waits while too many tries are in flight.

        Raises:
            TemporaryError: when the store is unavailable.
        """
        await asyncio.gather(*map(self._send_due, self._woken))

    async def finish(self) -> None:
        """Wait until nothing is in flight; time-outs bound every try."""
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _serve(self, lane: Lane, woken: asyncio.Event) -> None:
        backoff = Backoff(2 * LOOK_EVERY_S, LONGEST_PAUSE_S)
        while not self._is_stopping:
            woken.clear()
            try:
                await self._send_due(lane)
                pause_s = min(lane.wait_s(), LONGEST_PAUSE_S) or LOOK_EVERY_S
                backoff.reset()
            except TemporaryError as error:
                LOG.warning("due notifications could not be claimed", why=str(error))
                pause_s = backoff.next_s()
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
        # `stop`, or a pause, may have come while this waited for a slot.
        if self._is_stopping or lane.is_full or lane.wait_s() > 0:
            return None
        now = self._world.clock.now()
        return await self._world.store.notifications.claim_due(lane.channel, now, now + LEASE)

    def _done(self, task: asyncio.Task[None], lane: Lane) -> None:
        self._in_flight.discard(task)
        lane.slots.release()
        lane.end()
        _IN_FLIGHT.set(len(self._in_flight))
