"""A lock that one process at a time can hold."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HeldError(Exception):
    """Another process holds the lock; `holder` is its process id, or "unknown"."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} holds the lock")
        self.holder = holder


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock while the context is open.

    The kernel releases it with the process, however that ends, so that a file left over from a
    killed holder is no obstacle. The process id in the file is for people.

    Raises:
        HeldError: another process holds the lock.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError(_holder(path)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock now."""
    if not path.exists():
        return False
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() or "unknown"
