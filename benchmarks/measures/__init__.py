"""One module for each kind of figure; `MEASURES` has them by the name that `--only` takes."""

from collections.abc import Callable

from benchmarks.measures import (
    ceiling,
    connections,
    fan_out,
    gateways,
    herd,
    inbox,
    memory,
    notifying,
    relaying,
    throughput,
)
from benchmarks.results import Found
from benchmarks.scale import Scale
from benchmarks.site import Site

Measure = Callable[[Site, Scale], Found]

MEASURES: dict[str, Measure] = {
    "throughput": throughput.measure,
    "fan-out": fan_out.measure,
    "memory": memory.measure,
    "connections": connections.measure,
    "across": gateways.measure_across,
    "uninvolved": gateways.measure_uninvolved,
    "relay": relaying.measure,
    "notify": notifying.measure,
    "inbox": inbox.measure,
    "herd": herd.measure,
    "ceiling": ceiling.measure,
}
