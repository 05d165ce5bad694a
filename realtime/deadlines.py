"""Cancels calls that take too long, with one check a second for all of them.

`asyncio.timeout` creates and cancels a timer for each call, 5 µs a time, for a time-out that hardly
ever fires. Here a call is recorded when it starts and removed when it ends. All calls have the same
time limit, so the oldest one is always due first.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

CHECK_EVERY_S = 1.0


class Deadlines:
    """Cancels work that takes longer than `within_s`, up to a second early; for one event loop."""

    def __init__(self, within_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._within_s = within_s
        self._monotonic = monotonic
        # Oldest first: dictionaries keep insertion order.
        self._started_at: dict[asyncio.Task[Any], float] = {}
        self._timed_out: set[asyncio.Task[Any]] = set()

    async def keep(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the coroutine in the current task, under the deadline.

        Raises:
            TimeoutError: it took too long, and was cancelled.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no running task")
        self._started_at[task] = self._monotonic()
        try:
            return await work
        except asyncio.CancelledError:
            # Only our own cancellation becomes a time-out: another one is meant to end the task.
            if task in self._timed_out and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._started_at.pop(task, None)
            self._timed_out.discard(task)

    def cancel_overdue(self) -> None:
        """Cancel the tasks that would exceed their time before the next check."""
        due = self._monotonic() + CHECK_EVERY_S - self._within_s
        while self._started_at:
            task, started_at = next(iter(self._started_at.items()))
            if started_at > due:
                return
            del self._started_at[task]
            self._timed_out.add(task)
            task.cancel()

    async def check_for_ever(self) -> None:
        """Check once a second."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            self.cancel_overdue()
