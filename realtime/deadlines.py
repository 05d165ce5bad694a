"""An end for work that takes too long, by one look a second at all of it.

`asyncio.timeout` makes a timer for each call and takes it back, 5 µs a time, for a time-out that
hardly ever comes.  Here a call is noted when it begins and crossed out when it ends, and since all
have the same time, the oldest one is the first that is due.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

CHECK_EVERY_S = 1.0


class Deadlines:
    """Ends what takes longer than `within_s`, up to a second early; for one event loop."""

    def __init__(self, within_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._within_s = within_s
        self._monotonic = monotonic
        # Oldest first, as dictionaries keep their keys.
        self._started_at: dict[asyncio.Task[Any], float] = {}
        self._timed_out: set[asyncio.Task[Any]] = set()

    async def keep(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the running task.

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
            # Ours and nobody else's: who cancels the task as well means to end it.
            if task in self._timed_out and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._started_at.pop(task, None)
            self._timed_out.discard(task)

    def cancel_overdue(self) -> None:
        """Cancel what would be over its time at the next look."""
        due = self._monotonic() + CHECK_EVERY_S - self._within_s
        while self._started_at:
            task, started_at = next(iter(self._started_at.items()))
            if started_at > due:
                return
            del self._started_at[task]
            self._timed_out.add(task)
            task.cancel()

    async def check_for_ever(self) -> None:
        """Look once a second."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            self.cancel_overdue()
