"""Claims due timers and has them handled: each at least once, its effect once.

A handler runs one transaction that begins with `timers.finish(claimed)`, so a claim that another
process has taken over, or a timer that was set or cancelled meanwhile, has no effect. A killed
process's claims are free again when their leases end.

Each kind has its own loop and slots, so a kind with ten thousand due timers, or with handlers that
fail, does not delay another. Within a kind, half of the slots go to the timers that fell due last,
so a backlog does not delay them either.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge, Histogram

from marketplace import tracing
from marketplace.backoff import Backoff
from marketplace.domain.timers import Timer, TimerKind
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World
from marketplace.tracing import Kind

LOG = get_logger(__name__)
# Timers of one kind that are handled at a time; a claim takes as many.
SLOTS = 8
# Three times as long as a handler may take, so that nobody takes over a claim that is handled.
LEASE = timedelta(seconds=45)
HANDLER_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.5
LONGEST_PAUSE_S = 5.0
MEASURE_EVERY_S = 5.0
_FIRST_DELAY_S = 1.0
# What fails because a server is away works when it is back; a defect is there until a new version.
_LONGEST_DELAY_S = 30.0
_LONGEST_DEFECT_DELAY_S = 3_600.0

_HANDLED = Counter(
    "parley_timers_handled_total",
    "Attempts to handle a due timer, by outcome",
    ["kind", "outcome"],
)
_LATE = Histogram(
    "parley_timer_lateness_seconds",
    "Time from a timer's due time to the start of an attempt",
    ["kind"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600, 86_400),
)
_OVERDUE = Gauge(
    "parley_timers_overdue_seconds",
    "How long the timer has been due that has been due for longest",
    ["kind"],
)

# Returns whether the timer had an effect.
Handle = Callable[[Timer], Awaitable[bool]]


class TimerRunner:
    """Handles the due timers of the given kinds; any number of runners may work side by side.

    `draw` returns a number from 0 to 1, which spreads the repetitions of failed attempts.
    """

    def __init__(
        self,
        world: World,
        handlers: Mapping[TimerKind, Handle],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._world = world
        self._handlers = handlers
        self._draw = draw
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claim no more; what is being handled is finished."""
        self._stopping.set()

    async def run(self) -> None:
        """Handle what falls due until `stop`."""
        try:
            await asyncio.gather(*map(self._serve, self._handlers), self._measure())
        finally:
            self.stop()  # if one loop fails, the others end too, and another process takes over

    async def handle_due(self, kind: TimerKind) -> int:
        """Claim due timers of a kind, as many as there are slots, and handle them.

        Returns how many were claimed.

        Raises:
            TemporaryError: the store is down.
        """
        timers, now, half = self._world.store.timers, self._world.clock.now(), SLOTS // 2
        claimed = await timers.claim(kind, now, half, now + LEASE)
        if len(claimed) == half:
            claimed += await timers.claim(kind, now, half, now + LEASE, newest_first=True)
        await asyncio.gather(*map(self._handle, claimed))
        return len(claimed)

    async def _serve(self, kind: TimerKind) -> None:
        backoff = Backoff(LOOK_EVERY_S, LONGEST_PAUSE_S)
        while not self._stopping.is_set():
            try:
                is_busy = await self.handle_due(kind) > 0
            except TemporaryError as error:
                LOG.warning("due timers could not be claimed", kind=kind, why=str(error))
                await backoff.wait(self._stopping)
            else:
                backoff.reset()
                if not is_busy:
                    await self._pause(LOOK_EVERY_S)

    async def _handle(self, timer: Timer) -> None:
        """Handle a claimed timer once; never raises."""
        now = self._world.clock.now()
        _LATE.labels(timer.kind).observe(max(0.0, (now - timer.due_at).total_seconds()))
        try:
            with tracing.begun(f"timer {timer.kind}", Kind.INTERNAL):
                async with asyncio.timeout(HANDLER_TIMEOUT_S):
                    had_effect = await self._handlers[timer.kind](timer)
        except (TemporaryError, TimeoutError) as error:
            LOG.warning("a timer is put off", timer=timer.id, why=repr(error))
            await self._put_off(timer, "put_off", _LONGEST_DELAY_S)
        except Exception:
            LOG.exception("a timer's handler failed", timer=timer.id, failures=timer.failures)
            await self._put_off(timer, "failed", _LONGEST_DEFECT_DELAY_S)
        else:
            _HANDLED.labels(timer.kind, "effective" if had_effect else "no_effect").inc()

    async def _put_off(self, timer: Timer, outcome: str, longest_s: float) -> None:
        _HANDLED.labels(timer.kind, outcome).inc()
        delay_s = self._draw() * min(_FIRST_DELAY_S * 2.0 ** min(timer.failures, 20), longest_s)
        with contextlib.suppress(TemporaryError):  # then the lease ends by itself
            until = self._world.clock.now() + timedelta(seconds=delay_s)
            await self._world.store.timers.put_off(timer, until)

    async def _measure(self) -> None:
        while not self._stopping.is_set():
            for kind in self._handlers:
                _OVERDUE.labels(kind).set(await self._overdue_s(kind, self._world.clock.now()))
            await self._pause(MEASURE_EVERY_S)

    async def _overdue_s(self, kind: TimerKind, now: datetime) -> float:
        try:
            due_at = await self._world.store.timers.longest_due(kind, now)
        except TemporaryError:
            return float("nan")
        return 0.0 if due_at is None else (now - due_at).total_seconds()

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)
