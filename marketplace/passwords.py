"""Argon2id password hashes, computed off the event loop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from marketplace.fair_queue import FairQueue

T = TypeVar("T")

# A hash takes 64 MiB and a core for some 50 ms.
_CONCURRENT_HASHES = 2
# The last waiter waits for about a second.
_MAX_WAITING = 40
_NICENESS = 5


class Argon2Passwords:
    """Hashes with argon2-cffi's defaults (RFC 9106's low-memory profile: 64 MiB, 3 passes).

    Two hashes run at a time; further log-ins wait their turn. The threads run at a lower priority
    than the event loops of this machine, so that a flood of log-ins slows down nothing else.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(
            _CONCURRENT_HASHES,
            thread_name_prefix="argon2",
            initializer=os.nice,  # on Linux it affects only the calling thread: see nice(2)
            initargs=(_NICENESS,),
        )
        self._queue = FairQueue(_CONCURRENT_HASHES, _MAX_WAITING)
        # Checked if there is no such account, so that the response takes equally long.
        self._dummy_hash = self._hasher.hash("nobody has this password")

    async def hash(self, password: str, asked_by: str = "") -> str:
        """A salted hash that includes its own parameters."""
        return await self._in_turn(asked_by, lambda: self._hasher.hash(password))

    async def matches(self, password_hash: str | None, password: str, asked_by: str = "") -> bool:
        """Whether the password is correct; takes equally long for an unknown account (None)."""
        checked_hash = self._dummy_hash if password_hash is None else password_hash
        is_correct = await self._in_turn(asked_by, lambda: self._verify(checked_hash, password))
        return is_correct and password_hash is not None

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_turn(self, asked_by: str, work: Callable[[], T]) -> T:
        async with self._queue.turn(asked_by):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
