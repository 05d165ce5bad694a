"""Bounds how much runs and how much waits; refuses the rest with a retry time that is spread out.

When a gateway dies, all its apps reconnect here within a second. The number of handshakes or joins
that run concurrently is bounded, so that some are served quickly instead of all of them slowly. The
queue is bounded too: a queue that takes longer than an app waits helps nobody in it.
"""

import asyncio
import random
from collections.abc import Callable
from types import TracebackType

from marketplace.errors import Code, ParleyError

RETRY_AFTER_MS = 1_000
RETRY_WITHIN_MS = 5_000


class Admission:
    """An asynchronous context manager that hands out a fixed number of slots in FIFO order."""

    def __init__(
        self, max_concurrent: int, max_waiting: int, jitter: Callable[[], float] = random.random
    ) -> None:
        self._slots = asyncio.Semaphore(max_concurrent)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._jitter = jitter

    async def __aenter__(self) -> None:
        """Wait for a slot.

        Raises:
            ParleyError: `unavailable` with a retry time, when too many are already waiting.
        """
        if not self._slots.locked():
            await self._slots.acquire()  # does not block
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
        """Pass the slot on to the next in the queue."""
        self._slots.release()

    def _refusal(self) -> ParleyError:
        spread_ms = RETRY_WITHIN_MS - RETRY_AFTER_MS
        return ParleyError(
            Code.UNAVAILABLE,
            "The gateway is at capacity. Try again shortly.",
            retry_after_ms=RETRY_AFTER_MS + int(self._jitter() * spread_ms),
        )
