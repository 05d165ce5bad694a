"""The health of what runs: written by the stack at every change, read by `parley status`."""

import asyncio
import json
import os
from pathlib import Path
from typing import TypedDict

from embedded.paths import Paths
from embedded.servers import probes
from embedded.servers.credentials import write_private
from embedded.supervision import lock
from embedded.supervision.program import Program


class Entry(TypedDict):
    """One process or server as `parley status --json` prints it."""

    name: str
    pid: int | None
    url: str
    healthy: bool


def write(path: Path, programs: list[tuple[Program, int | None]]) -> None:
    """Store every program with its process id and the URL of its readiness check."""
    entries = [
        {"name": program.name, "pid": pid, "url": program.url, "health": program.health}
        for program, pid in programs
    ]
    write_private(path, json.dumps(entries, indent=1))


async def read(paths: Paths) -> list[Entry]:
    """Return every process and server with its current health; empty when no stack is running."""
    if not lock.is_held(paths.lock) or not paths.status.exists():
        return []
    entries = json.loads(paths.status.read_text())
    health = await asyncio.gather(*(_is_healthy(entry) for entry in entries))
    return [
        Entry(name=entry["name"], pid=entry["pid"], url=entry["url"], healthy=is_healthy)
        for entry, is_healthy in zip(entries, health, strict=True)
    ]


async def _is_healthy(entry: dict[str, str | int | None]) -> bool:
    pid = entry["pid"]
    if not isinstance(pid, int) or not _is_alive(pid):
        return False
    return await probes.is_healthy(str(entry["health"] or entry["url"]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
