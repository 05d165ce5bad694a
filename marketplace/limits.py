"""Rate limits in this process's memory, so that they still hold when Redis is down.

Each is a token bucket, which allows a burst and then a steady rate. It is kept as one number, the
moment at which everything taken will have been earned back (the generic cell rate algorithm).
Taking a token moves this moment forward by the token's cost in time; it may be ahead of now by at
most the cost of a whole burst.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from marketplace.errors import Code, ParleyError

_MAX_KEYS = 50_000
# A key that exceeded its rate for hours is allowed again after a minute.
_MAX_AHEAD_S = 60.0


class Rate:
    """A burst and a steady rate; holds no state.

    The caller keeps one float per limit, `paid_until`, initially 0.0. `wait_s` and `after` take a
    tenth of a microsecond each. An action of a higher `cost` takes that many tokens, but never more
    than the burst.
    """

    __slots__ = ("_burst", "_cost_s", "_slack_s")

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = max(1.0, burst)
        self._cost_s = 1 / per_s
        # One microsecond of slack: sums of floats may be slightly too large.
        self._slack_s = (self._burst - 1) / per_s + 1e-6

    def wait_s(self, paid_until: float, now: float, cost: float = 1.0) -> float:
        """Seconds until an action of this cost is allowed; 0 or less means now."""
        if cost == 1.0:
            return paid_until - now - self._slack_s
        return paid_until - now - self._slack_s + (min(cost, self._burst) - 1) * self._cost_s

    def after(self, paid_until: float, now: float, cost: float = 1.0) -> float:
        """`paid_until` after one more action of this cost."""
        taken_s = self._cost_s if cost == 1.0 else min(cost, self._burst) * self._cost_s
        return (paid_until if paid_until > now else now) + taken_s

    def before(self, paid_until: float) -> float:
        """`paid_until` without the last action."""
        return paid_until - self._cost_s


class RateLimit:
    """A rate for each key.

    Only the 50,000 most recently used keys are kept, which bounds the memory to some 8 MB.
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
        """Take one token of the key, or as many as `cost`.

        Raises:
            ParleyError: `rate_limited`, with the time until a token is available.
        """
        now = self._monotonic()
        paid_until = self._paid_until.pop(key, 0.0)
        wait_s = self._rate.wait_s(paid_until, now, cost)
        self._keep(key, paid_until if wait_s > 0 else self._rate.after(paid_until, now, cost))
        if wait_s > 0:
            raise rate_limited(wait_s)

    def exceed(self, key: str) -> float:
        """Take a token of the key even if none is left; return how long `take` would wait."""
        now = self._monotonic()
        paid_until = self._paid_until.pop(key, 0.0)
        wait_s = self._rate.wait_s(paid_until, now)
        self._keep(key, min(self._rate.after(paid_until, now), now + _MAX_AHEAD_S))
        return max(0.0, wait_s)

    def _keep(self, key: str, paid_until: float) -> None:
        self._paid_until[key] = paid_until
        if len(self._paid_until) > _MAX_KEYS:
            self._paid_until.popitem(last=False)


def rate_limited(wait_s: float) -> ParleyError:
    """The refusal of an action that arrived too early."""
    return ParleyError(
        Code.RATE_LIMITED,
        "Too many requests of this kind. Wait before you try again.",
        retry_after_ms=math.ceil(wait_s * 1_000),
    )
