"""Spreads large pieces of work over turns of the event loop."""

import asyncio


class Turns:
    """Lets one large piece of work run in each turn of an event loop, in the order of the callers.

    A large body or page takes a few milliseconds. Ten of them in one turn would hold the loop for
    more than 20 ms, and everybody else would wait.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn of the caller's own; its work must follow without an `await`."""
        async with self._lock:
            await asyncio.sleep(0)
