"""Builders for small real programs to supervise, and checks on processes."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from embedded.supervision.program import Program


async def always_ready() -> bool:
    """A readiness check that succeeds at once."""
    return True


def python_program(
    folder: Path,
    code: str,
    *,
    name: str = "small",
    probe: Callable[[], Awaitable[bool]] = always_ready,
    start_timeout_s: float = 10,
    stop_timeout_s: float = 10,
) -> Program:
    """Build a program that runs a piece of Python."""
    return Program(
        name=name,
        argv=(sys.executable, "-c", code),
        directory=folder,
        log=folder / f"{name}.log",
        url="http://127.0.0.1:9",
        probe=probe,
        start_timeout_s=start_timeout_s,
        stop_timeout_s=stop_timeout_s,
    )


def written(path: Path) -> Callable[[], Awaitable[bool]]:
    """Build a readiness check: has the program written this file?"""

    async def is_written() -> bool:
        return path.exists() and bool(path.read_text())  # noqa: ASYNC240 (a few bytes)

    return is_written


def is_running(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(is_true: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for a condition that no event signals."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110 (no event reports that a process has ended)
            await asyncio.sleep(0.02)


def wait_until(is_true: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for a condition, in synchronous code."""
    ends_at = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < ends_at, "it did not come true in time"
        time.sleep(0.02)
