"""Rate limits in this process's memory, so that they do not vanish with Redis.

So many at once, and so many a second after that: a token bucket, kept as one number, the moment at
which all that was taken is earned back (the generic cell rate algorithm).  Taking one moves it on by
the time that one costs; it may be ahead of now by no more than the whole burst costs.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from marketplace.errors import Code, ParleyError

_MOST_KEYS = 50_000
# A key that exceeds its rate for hours is within it again after a minute.
_FURTHEST_AHEAD_S = 60.0


class Rate:
    """So many at once, and so many a second after that; knows no state.

    Whoever is limited keeps one float, `paid_until`, 0.0 at first.  `wait_s` and `after` take a
    tenth of a microsecond each.  One that costs more takes as many as its `cost`, all that there
    may be at most.
    """

    __slots__ = ("_burst", "_cost_s", "_slack_s")

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = max(1.0, burst)
        self._cost_s = 1 / per_s
        # A microsecond more: sums of floats may come out above what they are.
        self._slack_s = (self._burst - 1) / per_s + 1e-6

    def wait_s(self, paid_until: float, now: float, cost: float = 1.0) -> float:
        """How long until one of this cost may be taken; 0 or less means now."""
        if cost == 1.0:
            return paid_until - now - self._slack_s
        return paid_until - now - self._slack_s + (min(cost, self._burst) - 1) * self._cost_s

    def after(self, paid_until: float, now: float, cost: float = 1.0) -> float:
        """`paid_until` when one more of this cost is taken."""
        taken_s = self._cost_s if cost == 1.0 else min(cost, self._burst) * self._cost_s
        return (paid_until if paid_until > now else now) + taken_s

    def before(self, paid_until: float) -> float:
        """`paid_until` without the last one."""
        return paid_until - self._cost_s


class RateLimit:
    """A rate for each key.

    The least recently used of 50,000 keys is forgotten, which bounds the memory to some 8 MB.
    """

    def __init__(
        self, burst: float, per_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = Rate(burst, per_s)
        self._monotonic = monotonic
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def give_back(self, key: str) -> None:
        """Undo one `take` of the key."""
        if key in self._paid_until:
            self._paid_until[key] = self._rate.before(self._paid_until[key])

    def take(self, key: str, cost: float = 1.0) -> None:
        """Take one of the key's, or as many as it costs.

        Raises:
            ParleyError: `rate_limited`, with the time until the next one is there.
        """
        now = self._monotonic()
        paid_until = self._paid_until.pop(key, 0.0)
        wait_s = self._rate.wait_s(paid_until, now, cost)
        self._keep(key, paid_until if wait_s > 0 else self._rate.after(paid_until, now, cost))
        if wait_s > 0:
            raise rate_limited(wait_s)

    def exceed(self, key: str) -> float:
        """Take one of the key's even if there is none; return how long `take` would have to wait."""
        now = self._monotonic()
        paid_until = self._paid_until.pop(key, 0.0)
        wait_s = self._rate.wait_s(paid_until, now)
        self._keep(key, min(self._rate.after(paid_until, now), now + _FURTHEST_AHEAD_S))
        return max(0.0, wait_s)

    def _keep(self, key: str, paid_until: float) -> None:
        self._paid_until[key] = paid_until
        if len(self._paid_until) > _MOST_KEYS:
            self._paid_until.popitem(last=False)


def rate_limited(wait_s: float) -> ParleyError:
    """The refusal of one that came too early."""
    return ParleyError(
        Code.RATE_LIMITED,
        "Too many requests of this kind. Wait before you try again.",
        retry_after_ms=math.ceil(wait_s * 1_000),
    )
