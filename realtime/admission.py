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

RETRY_AFTER_MS = 1_000
RETRY_WITHIN_MS = 5_000


class Admission:
    """An asynchronous context manager: in as soon as there is a place, in the order of coming."""

    def __init__(
        self, max_concurrent: int, max_waiting: int, jitter: Callable[[], float] = random.random
    ) -> None:
        self._slots = asyncio.Semaphore(max_concurrent)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._jitter = jitter

    async def __aenter__(self) -> None:
        """Wait for a place.

        Raises:
            ParleyError: `unavailable` when too many are waiting, with a time to come back at.
        """
        if not self._slots.locked():
            await self._slots.acquire()  # at once
            return
        if self._waiting >= self._max_waiting:
            raise self._refusal()
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place to the next one."""
        self._slots.release()

    def _refusal(self) -> ParleyError:
        spread_ms = RETRY_WITHIN_MS - RETRY_AFTER_MS
        return ParleyError(
            Code.UNAVAILABLE,
            "The gateway is at capacity. Try again shortly.",
            retry_after_ms=RETRY_AFTER_MS + int(self._jitter() * spread_ms),
        )
