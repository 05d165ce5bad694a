"""What a child of the stack is: how it is started, when it is ready, how long it may take."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded.guard import kill_group

_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep running.

    `url` is where others reach it; `is_ready` asks it, and must be cheap and answer within seconds.
    """

    name: str
    argv: tuple[str, ...]
    directory: Path
    log: Path
    url: str
    is_ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    start_timeout_s: float = 60
    stop_timeout_s: float = 10


async def spawn(program: Program) -> asyncio.subprocess.Process:
    """Start it in a process group of its own, tied to the calling thread's life."""
    with program.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *program.argv,
            cwd=program.directory,
            env={**os.environ, **program.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )  # fmt: skip


async def run_once(program: Program) -> int:
    """Run a short job to its end and return its exit code (negative: the signal's number).

    A job that is cancelled, or takes longer than `start_timeout_s`, is killed with all it started.
    """
    process = await spawn(program)
    try:
        return await asyncio.wait_for(process.wait(), program.start_timeout_s)
    except TimeoutError:
        return -9
    finally:
        kill_group(process.pid)
        await process.wait()
