"""Short programs that run to their end, and coroutines that succeed or fail together."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from embedded import logs
from embedded.guard import kill_group
from embedded.paths import CHECKOUT
from embedded.program import Program, spawn
from marketplace import tasks


async def run(
    argv: tuple[str, ...],
    log: Path | None,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program to its end in the checkout; return its exit code (negative: its signal).

    Its output goes to `log`, or to the terminal when there is none. When this is cancelled, or the
    time is up, it is killed with all it started.
    """
    if log is not None:
        logs.begin(log)
    program = Program(
        name=argv[0], argv=argv, directory=CHECKOUT, log=log, url="", environment=environment or {}
    )
    process = await spawn(program)
    try:
        return await asyncio.wait_for(process.wait(), timeout_s)
    except TimeoutError:
        return -9
    finally:
        kill_group(process.pid)
        await process.wait()


async def together(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines side by side; when one fails, cancel the others and raise what it raised."""
    running = [tasks.held(work) for work in works]
    try:
        return await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
