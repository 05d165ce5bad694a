"""Password hashes with Argon2id, off the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Hashes with argon2-cffi's defaults (RFC 9106's low-memory profile: 64 MiB, 3 passes).

    Two at a time, since each takes 64 MiB and a core for some 50 ms; a crowd of log-ins waits its
    turn and does not slow down everything else.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
        # Checked when there is no such account, so that the answer takes as long either way.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """A salted hash that tells its own parameters."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; takes as long for an unknown account (None)."""
        loop = asyncio.get_running_loop()
        against = self._nobody if password_hash is None else password_hash
        is_right = await loop.run_in_executor(self._threads, self._verify, against, password)
        return is_right and password_hash is not None

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
