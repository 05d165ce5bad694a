"""Freezes processes."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def stopped(pid: int | None) -> AsyncIterator[None]:
    """Freeze a running process (SIGSTOP) while the context is open."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
