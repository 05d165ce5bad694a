"""A lock that allows one stack per data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import StackError


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock while the context is open.

    The kernel releases it with the process, however that ends, so that a file left over from a
    killed stack is no obstacle. The process id in the file is for people.

    Raises:
        StackError: another stack holds the lock.
    """
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"A stack is already running on {path.parent} (process {_holder(path)}). Stop it "
                f"with `kill {_holder(path)}`, or set PARLEY_DATA_DIR to another folder."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def is_held(path: Path) -> bool:
    """Whether a stack holds the lock now."""
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
