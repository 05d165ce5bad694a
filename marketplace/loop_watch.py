"""Measures how long the event loop is held, in wall-clock time and in the thread's CPU time.

A callback that holds the loop delays everything else on it. A sample is due every 5 ms. How late it
runs is the lag, which a busy machine causes as well. The CPU time of the loop's thread since the
last sample is what this process itself caused. That is at least the longest callback, and at most 5
ms more than the longest iteration of the loop.
"""

import asyncio
import time

from prometheus_client import Counter, Gauge

SAMPLE_EVERY_S = 0.005
# The gauges show the maximum of this window and the one before: the last 30 to 60 seconds.
WINDOW_S = 30.0
# Nothing that one client sends may hold a loop longer than this.
TOO_LONG_S = 0.020

_LAG = Gauge(
    "parley_event_loop_lag_seconds",
    "The longest delay of an event-loop timer in the last 30 to 60 seconds",
)
_HELD = Gauge(
    "parley_event_loop_held_cpu_seconds",
    "The most CPU time the loop's thread used between two samples in the last 30 to 60 seconds",
)
_TOO_LONG = Counter(
    "parley_event_loop_holds_total",
    "Samples since whose predecessor the loop's thread used more than 20 ms of CPU time",
)


class _Maximum:
    """The maximum of the current window and the one before."""

    __slots__ = ("_before", "_now")

    def __init__(self, gauge: Gauge) -> None:
        self._now = self._before = 0.0
        gauge.set_function(lambda: max(self._now, self._before))

    def note(self, seconds: float) -> None:
        """Record a measurement."""
        self._now = max(self._now, seconds)

    def turn(self) -> None:
        """Start a new window."""
        self._before, self._now = self._now, 0.0


async def watch_for_ever() -> None:
    """Sample every 5 ms; costs 0.2 % of a core."""
    lag, held = _Maximum(_LAG), _Maximum(_HELD)
    sampled_at, cpu = time.monotonic(), time.thread_time()
    window_ends_at = sampled_at + WINDOW_S
    while True:
        await asyncio.sleep(SAMPLE_EVERY_S)
        now, cpu_now = time.monotonic(), time.thread_time()
        lag.note(now - sampled_at - SAMPLE_EVERY_S)
        held.note(cpu_now - cpu)
        if cpu_now - cpu > TOO_LONG_S:
            _TOO_LONG.inc()
        sampled_at, cpu = now, cpu_now
        if now >= window_ends_at:
            lag.turn()
            held.turn()
            window_ends_at = now + WINDOW_S
