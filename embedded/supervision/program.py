"""A program to supervise: how it is started, when it is ready, how long that may take."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from embedded.supervision import probes

_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, slots=True)
class Program:
    """One program to run.

    `url` is where others reach it. It is ready when a GET of `health` (`url` if empty) returns 200;
    `probe` replaces that check for a program that does not answer over HTTP. Output goes to `log`,
    or to the terminal if that is None.
    """

    name: str
    argv: tuple[str, ...]
    directory: Path
    log: Path | None
    url: str
    health: str = ""
    probe: Callable[[], Awaitable[bool]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    start_timeout_s: float = 60
    stop_timeout_s: float = 10

    async def is_ready(self) -> bool:
        """Whether it is ready; never raises, answers within seconds."""
        if self.probe is not None:
            return await self.probe()
        return await probes.http_answers(self.health or self.url)


async def spawn(program: Program) -> asyncio.subprocess.Process:
    """Start it in a process group of its own, tied to the lifetime of the calling thread."""
    with contextlib.ExitStack() as files:
        log: IO[bytes] | None = None
        if program.log is not None:
            log = files.enter_context(program.log.open("ab"))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *program.argv,
            cwd=program.directory,
            env={**os.environ, **program.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )  # fmt: skip
