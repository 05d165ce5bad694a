"""The pauses between retries, the same in every loop that retries."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress


class Backoff:
    """Pauses drawn from 0 s to a bound, which doubles from `first_s` to `longest_s`.

    Full jitter: what failed at the same moment is not retried at the same moment. `draw` returns a
    number from 0 to 1 (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter).
    """

    def __init__(
        self, first_s: float, longest_s: float, draw: Callable[[], float] = random.random
    ) -> None:
        self._first_s = self._bound_s = first_s
        self._longest_s = longest_s
        self._draw = draw

    def reset(self) -> None:
        """Begin with the first bound again: something has succeeded."""
        self._bound_s = self._first_s

    def next_s(self) -> float:
        """Draw the next pause."""
        pause_s = self._draw() * self._bound_s
        self._bound_s = min(self._bound_s * 2, self._longest_s)
        return pause_s

    async def wait(self, stopping: asyncio.Event | None = None) -> None:
        """Wait for the next pause, or until `stopping` is set."""
        if stopping is None:
            await asyncio.sleep(self.next_s())
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self.next_s()):
                await stopping.wait()
