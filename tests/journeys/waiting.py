"""Waits for conditions that no event signals."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# Far more than anything here takes on a busy machine; a promise with a bound is waited for with
# that bound.
PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.1


async def eventually(
    look: Callable[[], Awaitable[T]],
    is_enough: Callable[[T], bool] = bool,
    within_s: float = PATIENCE_S,
) -> T:
    """Poll until the result is enough, and return it.

    Raises:
        AssertionError: it was not enough in time; the message has the last result.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + within_s
    while True:
        seen = await look()
        if is_enough(seen):
            return seen
        if loop.time() > give_up_at:
            raise AssertionError(f"not so within {within_s:g} s; seen last: {seen!r}")
        await asyncio.sleep(_LOOK_EVERY_S)
