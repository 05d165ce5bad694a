"""Every task of a process, under one mechanism: what lasts as long as the process, and what is short.

    Background.start   work that lasts; when it ends by itself its owner hears of it and the log says why
    keep               short work that nobody awaits: held until it ends, and what it raises is logged
    held               short work that somebody awaits, who sees what it raises
    end                cancels tasks for certain

The event loop holds tasks weakly and tells of an exception that nobody fetched only when the garbage
collector finds it.  So nothing else in the product creates a task (a test holds that).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

LOG = logging.getLogger(__name__)
# A task that is cancelled while it does nothing wrong ends in the same turn.
ASKED_AGAIN_AFTER_S = 0.5

_kept: set[asyncio.Task[Any]] = set()


class Background:
    """Named work that is not expected to end before `finish` or `end`.

    `failed` is called with the name of work that raised at any time, or ended too early.
    """

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._running: dict[str, asyncio.Task[None]] = {}
        self._may_end = False

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run work under a name that no other running work has."""
        if name in self._running:
            work.close()
            raise ValueError(f"{name} is running already")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[name] = task
        task.add_done_callback(self._ended)

    async def finish(self, *names: str) -> None:
        """Wait for work that was told to stop."""
        self._may_end = True
        waited_for = [self._running[name] for name in names if name in self._running]
        if waited_for:
            await asyncio.wait(waited_for)

    async def end(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        self._may_end = True
        await end(self._running.values())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        name = task.get_name()
        self._running.pop(name, None)
        error = None if task.cancelled() else task.exception()
        if error is None and self._may_end:
            return
        LOG.error("background work has ended", exc_info=error, extra={"work": name})
        self._failed(name)


def held(work: Coroutine[Any, Any, T], name: str | None = None) -> "asyncio.Task[T]":
    """Run short work whose outcome the caller awaits; it runs on when the caller lets go of it."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _kept.add(task)
    task.add_done_callback(_kept.discard)
    return task


def keep(work: Coroutine[Any, Any, T], name: str | None = None) -> "asyncio.Task[T]":
    """Run short work that nobody awaits; what it raises is logged."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _kept.add(task)
    task.add_done_callback(_let_go)
    return task


def log_failure(task: "asyncio.Task[Any]") -> None:
    """Log what a task raised: for tasks whose waiter has gone."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.error("a task failed", exc_info=error, extra={"task": task.get_name()})


def _let_go(task: "asyncio.Task[Any]") -> None:
    _kept.discard(task)
    log_failure(task)


async def end(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel tasks until every one of them has ended; what they raise is left out.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which redis-py uses, loses a cancellation
    that meets the end of what it waits for (github.com/python/cpython/issues/86296), and a task that
    works for ever then goes on.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=ASKED_AGAIN_AFTER_S)
        for task in ended:
            if not task.cancelled():
                task.exception()
