"""How long the event loop was held: by the wall clock, and by the CPU time of its own thread.

Whoever holds the loop holds up everybody on it.  A look is due every 5 ms.  How much later it comes is
the lag, which a busy machine causes as well; how much CPU time the loop's thread took meanwhile is
what this process did to itself.  That is at least the longest callback, and at most 5 ms more than
the longest turn of the loop.
"""

import asyncio
import time

from prometheus_client import Counter, Gauge

LOOK_EVERY_S = 0.005
# The longest of this and the window before is told: of the last half to whole minute.
WINDOW_S = 30.0
# Nothing that one client sends may hold a loop for longer.
TOO_LONG_S = 0.020

_LAG = Gauge("parley_event_loop_lag_seconds", "How late a timer ran, the longest in a minute")
_HELD = Gauge(
    "parley_event_loop_held_cpu_seconds",
    "CPU time the loop's thread took between two looks, the longest in a minute",
)
_TOO_LONG = Counter(
    "parley_event_loop_holds_total", "Looks between which the loop's thread took over 20 ms of CPU"
)


class _Longest:
    """The longest of two windows."""

    __slots__ = ("_before", "_now")

    def __init__(self, gauge: Gauge) -> None:
        self._now = self._before = 0.0
        gauge.set_function(lambda: max(self._now, self._before))

    def note(self, seconds: float) -> None:
        """Keep it if it is the longest."""
        self._now = max(self._now, seconds)

    def turn(self) -> None:
        """Begin another window."""
        self._before, self._now = self._now, 0.0


async def watch_for_ever() -> None:
    """Look every 5 ms; costs 0.2 % of a core."""
    lag, held = _Longest(_LAG), _Longest(_HELD)
    looked_at, cpu = time.monotonic(), time.thread_time()
    window_ends_at = looked_at + WINDOW_S
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now, cpu_now = time.monotonic(), time.thread_time()
        lag.note(now - looked_at - LOOK_EVERY_S)
        held.note(cpu_now - cpu)
        if cpu_now - cpu > TOO_LONG_S:
            _TOO_LONG.inc()
        looked_at, cpu = now, cpu_now
        if now >= window_ends_at:
            lag.turn()
            held.turn()
            window_ends_at = now + WINDOW_S
