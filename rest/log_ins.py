"""Attempts to log in or to prove who one is: guessing is slow, and never locks anybody out.

A failed attempt counts for its address and for the pair of address and email; a correct password
refunds its attempt. Per email alone, failures only delay the answer to the next failure: the
account's owner, who knows the password and has another address, notices nothing.

The counts are kept in this process alone, like all rate limits of REST.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from marketplace.errors import Code, ParleyError
from marketplace.limits import RateLimit, rate_limited

_MINUTE_S = 60
# An office behind one address has a few dozen log-ins a minute at most.
_BY_ADDRESS = (60, 60 / _MINUTE_S)
_BY_PAIR = (10, 10 / _MINUTE_S)
# After ten failures, each further one within a minute delays the answer by another second.
_BY_EMAIL = (10, 1.0)
LONGEST_DELAY_S = 5.0
# Each delayed answer keeps its request in memory.
MAX_DELAYED = 500

# A wrong password, at a log-in or of somebody who is logged in; a wrong code.
_FAILURES = frozenset({Code.UNAUTHENTICATED, Code.WRONG_PASSWORD, Code.INVALID_CODE})

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


class LogIns:
    """Lets log-in attempts through, and slows guessing down; `scale` multiplies the rates."""

    def __init__(
        self,
        scale: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        def scaled(rate: tuple[float, float]) -> tuple[float, float]:
            return rate[0] * scale, rate[1] * scale

        self._by_address = RateLimit(*scaled(_BY_ADDRESS), monotonic)
        self._by_pair = RateLimit(*scaled(_BY_PAIR), monotonic)
        self._failures = RateLimit(*scaled(_BY_EMAIL), monotonic)
        self._sleep = sleep
        self._delayed = 0

    async def attempt(self, address: str, email: str, check: Callable[[], Awaitable[T]]) -> T:
        """Return what `check` returns; it counts only if `check` refuses the password or the code.

        `email` is the account's, or anything else that identifies what is guessed.

        Raises:
            ParleyError: `rate_limited`; and whatever `check` raises.
        """
        pair = f"{address} {email}"
        self._by_address.take(address)
        try:
            self._by_pair.take(pair)
        except ParleyError:
            self._by_address.give_back(address)
            raise
        # Counted before the check, so that concurrent attempts count; refunded after it.
        try:
            passed = await check()
        except ParleyError as error:
            if error.code in _FAILURES:
                await self._delay(email)
            else:
                self._give_back(address, pair)
            raise
        except BaseException:
            self._give_back(address, pair)
            raise
        self._give_back(address, pair)
        return passed

    def _give_back(self, address: str, pair: str) -> None:
        self._by_address.give_back(address)
        self._by_pair.give_back(pair)

    async def _delay(self, email: str) -> None:
        """Wait before the refusal, longer with each failure for this email."""
        delay_s = min(self._failures.exceed(email), LONGEST_DELAY_S)
        if delay_s <= 0:
            return
        if self._delayed >= MAX_DELAYED:
            raise rate_limited(delay_s)
        self._delayed += 1
        try:
            await self._sleep(delay_s)
        finally:
            self._delayed -= 1
