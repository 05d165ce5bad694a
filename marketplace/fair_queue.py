"""A bounded queue for scarce work, shared fairly between keys."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from marketplace.errors import Code, ParleyError


class FairQueue:
    """Runs `at_once` callers at a time; up to `most_waiting` more wait, and the keys take turns.

    If the queue is full, the newest waiter of the key with the most waiters is refused. So a crowd
    with one key displaces only itself.
    """

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._free = at_once
        self._most_waiting = most_waiting
        self._waiting = 0
        # The first key is the next one to get a turn.
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the block runs.

        Raises:
            ParleyError: `unavailable`, if the queue is full.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._pass_turn()

    async def _wait(self, key: str) -> None:
        if self._waiting >= self._most_waiting:
            self._make_room(key)
        waiter = asyncio.get_running_loop().create_future()
        self._queues.setdefault(key, deque()).append(waiter)
        self._waiting += 1
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                self._remove(key, waiter)
            elif waiter.exception() is None:  # the turn arrived at the moment of cancellation
                self._pass_turn()
            raise

    def _make_room(self, key: str) -> None:
        longest = max(self._queues, key=lambda other: len(self._queues[other]), default=key)
        if len(self._queues.get(key, ())) >= len(self._queues.get(longest, ())):
            raise _full()
        newest = self._queues[longest][-1]
        self._remove(longest, newest)
        newest.set_exception(_full())

    def _remove(self, key: str, waiter: "asyncio.Future[None]") -> None:
        queue = self._queues[key]
        queue.remove(waiter)
        self._waiting -= 1
        if not queue:
            del self._queues[key]

    def _pass_turn(self) -> None:
        for key, queue in self._queues.items():
            # A cancelled waiter stays in its queue until its own task runs and removes it.
            waiter = next((waiter for waiter in queue if not waiter.done()), None)
            if waiter is not None:
                self._remove(key, waiter)
                if key in self._queues:
                    self._queues.move_to_end(key)
                waiter.set_result(None)
                return
        self._free += 1


def _full() -> ParleyError:
    return ParleyError(
        Code.UNAVAILABLE, "Too many people want this at once. Try again.", retry_after_ms=2_000
    )
