"""Waits for what no event tells of."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# Far more than anything here takes on a busy machine; a promise with a bound of its own is
# waited for with that.
PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.1


async def eventually(
    look: Callable[[], Awaitable[T]],
    is_enough: Callable[[T], bool] = bool,
    within_s: float = PATIENCE_S,
) -> T:
    """Look until it is enough, and return what was seen then.

    Raises:
        AssertionError: it was not in time; the message has what was seen last.
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
