"""Runs short programs to completion, and coroutines that succeed or fail together."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from embedded.supervision import logs
from embedded.supervision.guard import kill_group
from embedded.supervision.program import Program, spawn
from marketplace import tasks


async def run(
    argv: tuple[str, ...],
    directory: Path,
    log: Path | None,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program in a folder; return its exit code (negative: the signal that killed it).

    Its output goes to `log`, or to the terminal if that is None. On cancellation or time-out, it is
    killed with everything it started.
    """
    if log is not None:
        logs.begin(log)
    program = Program(
        name=argv[0], argv=argv, directory=directory, log=log, url="", environment=environment or {}
    )
    process = await spawn(program)
    try:
        return await asyncio.wait_for(process.wait(), timeout_s)
    except TimeoutError:
        return -9
    finally:
        kill_group(process.pid)
        await process.wait()


async def gather_or_cancel(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines concurrently; when one fails, cancel the others and raise its exception."""
    running = [tasks.held(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
