"""Tasks that nobody waits for, and the certain end of those that work for ever."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

# A task that is cancelled while it does nothing wrong ends in the same turn.
ASKED_AGAIN_AFTER_S = 0.5

_kept: set[asyncio.Task[Any]] = set()


def keep(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine whose task nobody else holds: the loop itself holds tasks weakly."""
    task = asyncio.get_running_loop().create_task(work)
    _kept.add(task)
    task.add_done_callback(_kept.discard)


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
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
