"""New authenticated connections a second."""

from benchmarks import results
from benchmarks.load import Figures
from benchmarks.measures.runs import NAMES, in_turn, values, watched
from benchmarks.results import Found
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, PEER, Site

_AT_A_TIME = 64


def measure(site: Site, scale: Scale) -> Found:
    """Open a websocket and an Engine.IO session with a token, each from a different account."""
    urls = site.only(*NAMES)

    def load(name: str) -> Figures:
        return site.generator.run(
            "connect", urls[name], connections=scale.new_connections, at_a_time=_AT_A_TIME
        )

    figures = in_turn(scale.rounds, lambda name: watched(site, name, lambda: load(name)))
    row = results.at_least(
        f"new authenticated connections/s, {_AT_A_TIME} at a time",
        "",
        values(figures[PARLEY], "connections_per_s"),
        values(figures[PEER], "connections_per_s"),
        1.25,
    )
    details = [
        results.detail(
            "handshake",
            NAMES[name],
            (run["handshake_ms"] for run in runs),
            [run["cores"] for run in runs],
        )
        for name, runs in figures.items()
    ]
    return Found([row], details)
