"""Runs both gateways in turn, and checks each run before its figures count."""

from collections.abc import Callable, Iterable

from benchmarks.load import Figures
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, PEER, Site
from benchmarks.usage import Cores, wait_until_idle
from embedded.errors import StackError

NAMES = {PARLEY: "Parley", PEER: "Peer"}


def in_turn(rounds: int, run: Callable[[str], Figures]) -> dict[str, list[Figures]]:
    """Run Parley, peer, Parley, peer, …; returns the figures by gateway."""
    found: dict[str, list[Figures]] = {PARLEY: [], PEER: []}
    for _ in range(rounds):
        for name, figures in found.items():
            figures.append(run(name))
    return found


def watched(site: Site, name: str, run: Callable[[], Figures]) -> Figures:
    """Run, record each process's busy cores under `cores`, and wait until the gateway is idle."""
    watched_names = {"gateway": name, "mongod": "mongod", "valkey": "valkey"}
    cores = Cores({role: site.running_pid(process) for role, process in watched_names.items()})
    figures = run()
    busy = {**cores.busy(), "generator": figures["generator_cores"]}
    wait_until_idle(site.running_pid(name))
    return {**figures, "cores": busy}


def timing(scale: Scale) -> dict[str, str]:
    """The generator's options for warm-up and measured time."""
    return {"warm_up": f"{scale.warm_up_s}s", "length": f"{scale.length_s}s"}


def values(figures: Iterable[Figures], name: str, *parts: str) -> list[float]:
    """One figure of each run."""
    found = []
    for run in figures:
        value = run[name]
        for part in parts:
            value = value[part]
        found.append(float(value))
    return found


def check_complete(figures: Figures, flag: str) -> None:
    """Reject the figures of a run with a refused call or a missing push.

    Raises:
        StackError: naming the figures.
    """
    if figures["refused"] or figures["pushes"] != figures["pushes_expected"] or not figures[flag]:
        raise StackError(f"A run was not clean: {figures}")
