"""All clients of a killed gateway resume on the remaining one."""

import time

from benchmarks.load import Figures
from benchmarks.results import Found, Row, number
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, SECOND_GATEWAY, Site
from benchmarks.usage import resident_bytes
from embedded.errors import StackError

_WITHIN_S = 20.0
# The memory of the killed gateway with the same clients, plus some slack for malloc.
_MOST_MEMORY = 1.25
_HELD_DOWN_S = 120.0
_FAULTS = ("missing", "doubled", "disordered", "holes")


def measure(site: Site, scale: Scale) -> Found:
    """All clients on one gateway, some of them sending; a second starts, the first is killed."""
    site.only()
    site.up(PARLEY)
    options = {
        "clients": scale.herd_clients,
        "senders": scale.herd_senders,
        "after": f"{scale.herd_s}s",
    }
    with site.generator.begun("resume", site.up("nginx"), **options) as load:
        load.ready()
        site.up(SECOND_GATEWAY)
        time.sleep(scale.herd_s)
        killed = resident_bytes(site.running_pid(PARLEY))
        site.kill(PARLEY, hold_s=_HELD_DOWN_S)
        figures = load.settled()
        time.sleep(scale.settle_s)
        after = resident_bytes(site.running_pid(SECOND_GATEWAY))
        load.end()
    time.sleep(scale.settle_s)
    empty = resident_bytes(site.running_pid(SECOND_GATEWAY))
    site.only()
    if figures["lost_connections"] < scale.herd_clients:
        raise StackError(f"Not everybody was on the killed gateway: {figures}")
    return Found([_resumed(scale, figures), _faultless(figures), _memory(killed, after, empty)])


def _resumed(scale: Scale, figures: Figures) -> Row:
    took = figures["resumed_ms"]
    last_s = took["max"] / 1000
    return Row(
        f"{scale.herd_clients:,} clients of a killed gateway resume on the other: the last one",
        f"{number(last_s)} s",
        "–",
        "–",
        f"≤ {_WITHIN_S:.0f} s",
        bool(figures["all_resumed"]) and last_s <= _WITHIN_S,
        f"p50 {number(took['p50'] / 1000)} s, of which 0.5 to 1.5 s is each one's first delay; "
        f"tries that failed: {_failed(figures['failed_tries'])}",
    )


def _failed(tries: dict[str, int]) -> str:
    counts = [f"{count:,} × “{reason.strip()}”" for reason, count in sorted(tries.items())]
    return ", ".join(counts) or "none"


def _faultless(figures: Figures) -> Row:
    found = {name: figures[name] for name in _FAULTS}
    return Row(
        "acknowledged messages lost, doubled or reordered meanwhile",
        str(sum(found.values())),
        "–",
        "–",
        "none",
        bool(figures["all_settled"]) and not any(found.values()),
        f"{figures['acknowledged']:,} acknowledged, each held against the views of both sides",
    )


def _memory(killed: int, after: int, empty: int) -> Row:
    return Row(
        "memory of the gateway that took them, with all of them idle again",
        f"{after / 1e6:.0f} MB",
        "–",
        f"{after / killed:.2f} ×",
        f"≤ {_MOST_MEMORY} × the killed one's",
        after / killed <= _MOST_MEMORY,
        f"the killed one had {killed / 1e6:.0f} MB; {empty / 1e6:.0f} MB when all have left",
    )
