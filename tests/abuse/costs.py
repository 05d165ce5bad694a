"""An attack's cost to the processes: memory, and how often their event loops were blocked."""

import re
from pathlib import Path

import aiohttp

from embedded.servers.running import Running

PYTHON = ("rest", "realtime-1", "realtime-2")
WATCHED = ("nginx", *PYTHON)
_HOLDS = re.compile(r"^parley_event_loop_holds_total (\S+)$", re.MULTILINE)


def memory_mib(stack: Running) -> dict[str, float]:
    """Resident memory of each process, including nginx's workers."""
    return {name: sum(map(_resident_mib, _family(stack.pid(name)))) for name in WATCHED}


async def loop_blocks(stack: Running) -> dict[str, int]:
    """How often each event loop was blocked for more than 20 ms of CPU time since its start."""
    counts = {}
    async with aiohttp.ClientSession() as http:
        for name in PYTHON:
            async with http.get(f"{stack.url(name)}/metrics") as answer:
                found = _HOLDS.search(await answer.text())
            assert found is not None, f"{name} does not tell how often its loop was held"
            counts[name] = int(float(found[1]))
    return counts


def _family(pid: int | None) -> list[int]:
    if pid is None:
        return []
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1_024
