"""What runs, and how well: written by the stack at every change, read by `parley status`."""

import asyncio
import json
import os
from pathlib import Path
from typing import TypedDict

from embedded import lock, probes
from embedded.credentials import write_private
from embedded.paths import Paths
from embedded.program import Program


class Entry(TypedDict):
    """One process or server as `parley status --json` prints it."""

    name: str
    pid: int | None
    url: str
    healthy: bool


def write(path: Path, programs: list[tuple[Program, int | None]]) -> None:
    """Note every program with its process id and the address that tells its health."""
    noted = [
        {"name": program.name, "pid": pid, "url": program.url, "health": program.health}
        for program, pid in programs
    ]
    write_private(path, json.dumps(noted, indent=1))


async def read(paths: Paths) -> list[Entry]:
    """Return every process and server with its health now; empty when no stack runs there."""
    if not lock.is_held(paths.lock) or not paths.status.exists():
        return []
    noted = json.loads(paths.status.read_text())
    health = await asyncio.gather(*(_is_healthy(one) for one in noted))
    return [
        Entry(name=one["name"], pid=one["pid"], url=one["url"], healthy=is_healthy)
        for one, is_healthy in zip(noted, health, strict=True)
    ]


async def _is_healthy(noted: dict[str, str | int | None]) -> bool:
    pid = noted["pid"]
    if not isinstance(pid, int) or not _is_alive(pid):
        return False
    return await probes.is_healthy(str(noted["health"] or noted["url"]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
