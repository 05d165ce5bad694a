"""A process's memory, CPU time and metrics."""

import urllib.request
from collections.abc import Iterator
from time import monotonic, sleep

import psutil

_IDLE_CORES, _IDLE_WITHIN_S, _LOOK_EVERY_S = 0.1, 15.0, 0.25


def resident_bytes(pid: int) -> int:
    """The resident memory of a process."""
    return int(psutil.Process(pid).memory_info().rss)


class Cores:
    """The CPU time of some processes between two moments, as busy cores."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._began_at = monotonic()
        self._before = {name: _used_s(pid) for name, pid in pids.items()}

    def busy(self) -> dict[str, float]:
        """Busy cores by name, since this object was created."""
        elapsed_s = monotonic() - self._began_at
        return {
            name: (_used_s(pid) - self._before[name]) / elapsed_s
            for name, pid in self._pids.items()
        }


def wait_until_idle(pid: int) -> None:
    """Wait until a process has finished the work that a load left, for some seconds at most.

    3,000 connections that close at once keep a gateway busy after the end of their run, which would
    take CPU time from the other gateway's run.
    """
    end = monotonic() + _IDLE_WITHIN_S
    while monotonic() < end:
        cores = Cores({"process": pid})
        sleep(_LOOK_EVERY_S)
        if cores.busy()["process"] < _IDLE_CORES:
            return


def _used_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def metric(url: str, name: str, label: str = "") -> float:
    """The sum of a metric over its labels, or over those with `label`; 0 if there is none yet."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 (our own)
        lines = answer.read().decode().splitlines()
    return sum(_values([line for line in lines if label in line], name))


def _values(lines: list[str], name: str) -> Iterator[float]:
    for line in lines:
        if line.startswith((f"{name} ", f"{name}{{")):
            yield float(line.rpartition(" ")[2])
