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

LOOK_EVERY_S = 1.0


class Deadlines:
    """Ends what takes longer than `within_s`, up to a second early; for one event loop."""

    def __init__(self, within_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._within_s = within_s
        self._monotonic = monotonic
        # Oldest first, as dictionaries keep their keys.
        self._begun: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()

    async def keep(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the running task.

        Raises:
            TimeoutError: it took too long, and was cancelled.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no running task")
        self._begun[task] = self._monotonic()
        try:
            return await work
        except asyncio.CancelledError:
            # Ours and nobody else's: who cancels the task as well means to end it.
            if task in self._late and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._begun.pop(task, None)
            self._late.discard(task)

    def look(self) -> None:
        """Cancel what would be over its time at the next look."""
        due = self._monotonic() + LOOK_EVERY_S - self._within_s
        while self._begun:
            task, begun = next(iter(self._begun.items()))
            if begun > due:
                return
            del self._begun[task]
            self._late.add(task)
            task.cancel()

    async def look_for_ever(self) -> None:
        """Look once a second."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look()
