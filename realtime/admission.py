"""So many at a time, so many waiting, and the rest comes back later, each at another moment.

When a gateway dies, all its apps are here within a second.  What is under way at a time is bounded,
so that those who are in are served quickly instead of everybody slowly, and a queue that would take
longer than an app waits is no help to anybody in it.
"""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType

from marketplace.errors import Code, ParleyError

COME_BACK_AFTER_MS = 1_000
COME_BACK_WITHIN_MS = 5_000


class Admission:
    """An asynchronous context manager: in as soon as there is a place, in the order of coming."""

    def __init__(
        self, at_a_time: int, waiting: int, jitter: Callable[[], float] = random.random
    ) -> None:
        self._places = asyncio.Semaphore(at_a_time)
        self._most_waiting = waiting
        self._waiting = 0
        self._jitter = jitter

    async def __aenter__(self) -> None:
        """Wait for a place.

        Raises:
            ParleyError: `unavailable` when too many are waiting, with a time to come back at.
        """
        if not self._places.locked():
            await self._places.acquire()  # at once
            return
        if self._waiting >= self._most_waiting:
            raise self._later()
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place to the next one."""
        self._places.release()

    def _later(self) -> ParleyError:
        spread_ms = COME_BACK_WITHIN_MS - COME_BACK_AFTER_MS
        return ParleyError(
            Code.UNAVAILABLE,
            "The gateway is at capacity. Try again shortly.",
            retry_after_ms=COME_BACK_AFTER_MS + int(self._jitter() * spread_ms),
        )
