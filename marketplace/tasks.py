"""Creates every asyncio task of a process: long-running work and short work.

    Background.start   long-running work; if it ends on its own, its owner is notified
    keep               short work that nobody awaits: referenced until it ends, failures logged
    held               short work that somebody awaits; the awaiting code gets its exception
    end                cancels tasks reliably

The event loop keeps only weak references to tasks, and reports an exception that nobody fetched
only when the garbage collector finds the task. So nothing else in the product creates a task (a
test checks this).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextvars import Context
from typing import Any, TypeVar

from marketplace.logs import get_logger

T = TypeVar("T")

LOG = get_logger(__name__)
# A well-behaved task ends in the same loop iteration in which it is cancelled.
CANCEL_AGAIN_AFTER_S = 0.5

_kept: set[asyncio.Task[Any]] = set()


class Background:
    """Named work that is not expected to end before `finish` or `end` is called.

    `failed` is called with the name of work that raised, at any time, or that ended too early.
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
        """Wait for work that was asked to stop."""
        self._may_end = True
        waited_for = [self._running[name] for name in names if name in self._running]
        if waited_for:
            await asyncio.wait(waited_for)

    async def end(self) -> None:
        """Cancel the remaining work, and wait until it has ended."""
        self._may_end = True
        await end(self._running.values())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        name = task.get_name()
        self._running.pop(name, None)
        error = None if task.cancelled() else task.exception()
        if error is None and self._may_end:
            return
        LOG.error("background work ended unexpectedly", exc_info=error, work=name)
        self._failed(name)


def held(work: Coroutine[Any, Any, T], name: str | None = None) -> "asyncio.Task[T]":
    """Run short work whose result the caller awaits; it continues if the caller stops waiting."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _kept.add(task)
    task.add_done_callback(_kept.discard)
    return task


def keep(work: Coroutine[Any, Any, T], name: str | None = None) -> "asyncio.Task[T]":
    """Run short work that nobody awaits; an exception is logged.

    It gets a context of its own: what one call starts, such as a batch, often serves many, and
    its log lines must not have the ids of that call.
    """
    context = Context()
    task = asyncio.get_running_loop().create_task(work, name=name, context=context)
    _kept.add(task)
    task.add_done_callback(_forget, context=context)
    return task


def log_failure(task: "asyncio.Task[Any]") -> None:
    """Log a task's exception: for tasks that nobody waits for any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.error("a task failed", exc_info=error, task=task.get_name())


def _forget(task: "asyncio.Task[Any]") -> None:
    _kept.discard(task)
    log_failure(task)


async def end(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel tasks until every one of them has ended; their exceptions are ignored.

    One cancellation is not enough. In Python 3.11 `asyncio.wait_for`, which redis-py uses, loses a
    cancellation that arrives just as the awaited task ends
    (github.com/python/cpython/issues/86296), and a task that loops for ever then continues.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        ended, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_AFTER_S)
        for task in ended:
            if not task.cancelled():
                task.exception()
