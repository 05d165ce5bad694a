"""Kills what a supervisor has started when the supervisor's own process is killed.

The kernel kills the direct children (see `tether.py`), but not what they started in turn, such as
nginx's workers. Each child leads a process group of its own. The parent writes `+GROUP` and
`-GROUP` lines to this process's standard input. End of input means that the parent is gone; every
group still on the list is then killed.

    parent ──"+4711\\n"──▶ guard ──(end of input)──▶ SIGKILL to the remaining groups
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self


def groups_left(lines: Iterable[str]) -> set[int]:
    """Read the lines to their end; return the groups that were added and not removed."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def kill_group(group: int) -> None:
    """Kill every process of a group; no error if there is none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


class Guard:
    """The parent's end of the pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> Self:
        """Start the guard in its own session, where the terminal's Ctrl-C does not reach it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(Path(__file__)),
            stdin=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        return cls(process)

    def add(self, group: int) -> None:
        """Put a group on the list."""
        self._write(f"+{group}\n")

    def remove(self, group: int) -> None:
        """Take a group that has ended off the list."""
        self._write(f"-{group}\n")

    async def stop(self) -> None:
        """End the guard; it kills the groups still on its list."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()

    def _write(self, line: str) -> None:
        if self._process.stdin is not None and self._process.returncode is None:
            self._process.stdin.write(line.encode())


def main() -> None:
    """Wait for the end of input, then kill the remaining groups."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for group in groups_left(sys.stdin):
        kill_group(group)


if __name__ == "__main__":
    main()
