"""Rate limits for the calls of a connection and an account, and limits on connections per address.

Everything is in this process's memory, so it works without Redis; an account or address with
connections to several gateways has its full share on each. All numbers are multiplied by
`PARLEY_LIMIT_SCALE`.
"""

import time
from collections.abc import Callable
from typing import Protocol

from marketplace.errors import Code, ParleyError
from marketplace.limits import Rate, RateLimit

# A reconnecting app joins all its rooms at once, 200 at most, and pages on in some of them.
CALLS_PER_S, CALLS_AT_ONCE = 30, 300
# For one person with several apps and windows.
ACCOUNT_CALLS_PER_S, ACCOUNT_CALLS_AT_ONCE = 60, 600
# Parsing takes time: a larger frame costs one more call for each 4 kB.
BYTES_PER_CALL = 4_096
# Apps repeat typing every few seconds per conversation; it does not count as a call.
TYPING_PER_S, TYPING_AT_ONCE = 5, 20
# A client that calls at ten times the allowed rate for ten seconds, although every refusal says how
# long to wait, ignores the refusals and is disconnected.
IGNORED_FACTOR, IGNORED_FOR_S = 10, 10

CONNECTIONS_OF_ACCOUNT = 20
# An office, a school or a mobile network may share one address.
CONNECTIONS_OF_ADDRESS = 1_000
HANDSHAKES_PER_S, HANDSHAKES_AT_ONCE = 50, 500


class RateLimited(Protocol):
    """Has a rate of calls, as the time until which its calls are accounted for."""

    calls_paid_until: float


class Caller(RateLimited, Protocol):
    """What the limits need of a connection: one number for each rate."""

    typing_paid_until: float
    refusals_paid_until: float

    @property
    def account(self) -> RateLimited: ...


class CallLimits:
    """Rates of calls, per connection and per account."""

    def __init__(self, scale: float) -> None:
        self._connection = Rate(CALLS_AT_ONCE * scale, CALLS_PER_S * scale)
        self._account = Rate(ACCOUNT_CALLS_AT_ONCE * scale, ACCOUNT_CALLS_PER_S * scale)
        self._typing = Rate(TYPING_AT_ONCE * scale, TYPING_PER_S * scale)
        refusals_per_s = CALLS_PER_S * scale * IGNORED_FACTOR
        self._refusals = Rate(refusals_per_s * IGNORED_FOR_S, refusals_per_s)

    def take(self, caller: Caller, is_typing: bool, now: float, size_bytes: int = 0) -> float:
        """Count a call; returns 0.0, or how many seconds to wait if it exceeds a rate.

        A call of more than 4 kB counts as several.
        """
        cost = 1.0 if size_bytes < BYTES_PER_CALL else 1.0 + size_bytes // BYTES_PER_CALL
        if is_typing:
            wait_s = self._typing.wait_s(caller.typing_paid_until, now, cost)
            if wait_s <= 0:
                caller.typing_paid_until = self._typing.after(caller.typing_paid_until, now, cost)
            return max(0.0, wait_s)
        account = caller.account
        wait_s = max(
            self._connection.wait_s(caller.calls_paid_until, now, cost),
            self._account.wait_s(account.calls_paid_until, now, cost),
        )
        if wait_s > 0:
            return wait_s
        caller.calls_paid_until = self._connection.after(caller.calls_paid_until, now, cost)
        account.calls_paid_until = self._account.after(account.calls_paid_until, now, cost)
        return 0.0

    def ignores_refusals(self, caller: Caller, now: float) -> bool:
        """Count a refused call; whether the connection keeps calling regardless of refusals."""
        if self._refusals.wait_s(caller.refusals_paid_until, now) > 0:
            return True
        caller.refusals_paid_until = self._refusals.after(caller.refusals_paid_until, now)
        return False


class HandshakeLimits:
    """How many connections an address has, and how quickly it opens them."""

    def __init__(self, scale: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = RateLimit(HANDSHAKES_AT_ONCE * scale, HANDSHAKES_PER_S * scale, monotonic)
        self._most = CONNECTIONS_OF_ADDRESS * scale
        self._open: dict[str, int] = {}

    def take(self, network: str) -> None:
        """Count a handshake and the connection it may become; `release` undoes it.

        Raises:
            ParleyError: `rate_limited`, `too_many_connections`.
        """
        self._rate.take(network)
        count = self._open.get(network, 0)
        if count >= self._most:
            raise ParleyError(Code.TOO_MANY_CONNECTIONS, "Too many connections from this address.")
        self._open[network] = count + 1

    def release(self, network: str) -> None:
        """The connection is gone, or its handshake was refused."""
        count = self._open[network] - 1
        if count:
            self._open[network] = count
        else:
            del self._open[network]
