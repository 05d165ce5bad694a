"""Deliveries a second in one large room."""

from benchmarks import results
from benchmarks.load import Figures
from benchmarks.measures.runs import NAMES, check_complete, in_turn, timing, values, watched
from benchmarks.results import Found
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, PEER, Site


def measure(site: Site, scale: Scale) -> Found:
    """One conversation, a thousand connections; each message fully delivered releases the next."""
    urls = site.only(*NAMES)

    def load(name: str) -> Figures:
        figures = site.generator.run(
            "fan-out", urls[name], connections=scale.fan_out_connections, **timing(scale)
        )
        check_complete(figures, "all_delivered_in_time")
        return figures

    figures = in_turn(scale.rounds, lambda name: watched(site, name, lambda: load(name)))
    row = results.at_least(
        f"deliveries/s, one room of {scale.fan_out_connections:,}",
        "",
        values(figures[PARLEY], "deliveries_per_s"),
        values(figures[PEER], "deliveries_per_s"),
        1.4,
    )
    details = [
        results.detail(
            "push in the large room, 16 messages on their way",
            NAMES[name],
            (run["push_ms"] for run in runs),
            [run["cores"] for run in runs],
        )
        for name, runs in figures.items()
    ]
    return Found([row], details)
