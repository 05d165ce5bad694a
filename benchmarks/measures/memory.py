"""The memory of a joined, idle connection."""

import time

from benchmarks import results
from benchmarks.load import Figures
from benchmarks.measures.runs import in_turn, values
from benchmarks.results import Found
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, PEER, Site
from benchmarks.usage import resident_bytes

# These connect and disconnect first, so that code loaded at first use is not counted.
_FIRST_CONNECTIONS = 50


def measure(site: Site, scale: Scale) -> Found:
    """Both sides of many conversations, on a freshly started process."""
    site.only()
    figures = in_turn(scale.rounds, lambda name: _run(site, scale, name))
    row = results.at_most(
        f"memory of an idle, joined connection, {scale.idle_connections:,} of them",
        "KB",
        values(figures[PARLEY], "kilobytes"),
        values(figures[PEER], "kilobytes"),
        0.6,
    )
    return Found([row])


def _run(site: Site, scale: Scale, name: str) -> Figures:
    url = site.up(name)
    with site.generator.begun("idle", url, connections=_FIRST_CONNECTIONS) as load:
        load.ready()
        load.end()
    time.sleep(scale.settle_s)
    before = resident_bytes(site.running_pid(name))
    with site.generator.begun("idle", url, connections=scale.idle_connections) as load:
        load.ready()
        time.sleep(scale.settle_s)
        grown = resident_bytes(site.running_pid(name)) - before
        load.end()
    site.down(name)
    return {"kilobytes": grown / 1000 / scale.idle_connections}
