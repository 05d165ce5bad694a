"""How many requests a second a provider gets: unlimited, until it says "too many".

After that the rate is 0.9 times what it accepted in its last second, and doubles every two minutes.
"""

import math
from collections import deque

TAKEN = 0.9
DOUBLES_IN_S = 120.0
SLOWEST_PER_S = 0.5
# Faster than the slots of a channel can send anyway.
UNLIMITED_PER_S = 1_000.0
_MEASURED_S = 1.0
_MOST_MEASURED = 1_000


class Pace:
    """One provider's rate; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._rate_per_s: float | None = None
        self._rated_at_s = 0.0
        self._next_at_s = 0.0
        self._taken_at_s: deque[float] = deque(maxlen=_MOST_MEASURED)

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next request may be sent."""
        return 0.0 if self._rate(now_s) is None else max(0.0, self._next_at_s - now_s)

    def left(self, now_s: float) -> None:
        """Record that a request is sent."""
        rate_per_s = self._rate(now_s)
        if rate_per_s is not None:
            self._next_at_s = max(now_s, self._next_at_s) + 1 / rate_per_s

    def taken(self, now_s: float) -> None:
        """Record that the provider accepted a request."""
        self._taken_at_s.append(now_s)

    def slow_down(self, now_s: float) -> None:
        """Lower the rate after a "too many", unless nothing was accepted in the last second."""
        taken = sum(taken_at_s > now_s - _MEASURED_S for taken_at_s in self._taken_at_s)
        if not taken:
            return
        rate_per_s = self._rate(now_s)
        measured_per_s = taken / _MEASURED_S if rate_per_s is None else min(rate_per_s, taken)
        self._rate_per_s = max(SLOWEST_PER_S, measured_per_s * TAKEN)
        self._rated_at_s = now_s
        self._taken_at_s.clear()

    def _rate(self, now_s: float) -> float | None:
        if self._rate_per_s is None:
            return None
        doubled = min((now_s - self._rated_at_s) / DOUBLES_IN_S, 30.0)
        rate_per_s = self._rate_per_s * math.exp2(doubled)
        if rate_per_s >= UNLIMITED_PER_S:
            self._rate_per_s = None
            return None
        return rate_per_s
