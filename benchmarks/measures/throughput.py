"""Persisted and acknowledged messages a second, and how long each takes."""

from benchmarks import results
from benchmarks.load import Figures
from benchmarks.measures.runs import NAMES, check_complete, in_turn, timing, values, watched
from benchmarks.results import Found, Row
from benchmarks.scale import Scale
from benchmarks.site import PARLEY, PEER, Site

_TIMES = {4: 8.0, 1: 4.0}


def measure(site: Site, scale: Scale) -> Found:
    """Four messages in flight in each conversation, then one."""
    found = Found()
    for in_flight in _TIMES:
        urls = site.only(*NAMES)

        def run(name: str, urls: dict[str, str] = urls, in_flight: int = in_flight) -> Figures:
            return watched(site, name, lambda: _run(site, scale, urls[name], in_flight))

        figures = in_turn(scale.rounds, run)
        found.rows.extend(_rows(in_flight, scale, figures))
        found.details.extend(
            results.detail(
                f"acknowledgement, {in_flight} in flight",
                NAMES[name],
                (run["acknowledgement_ms"] for run in runs),
                [run["cores"] for run in runs],
            )
            for name, runs in figures.items()
        )
    return found


def _run(site: Site, scale: Scale, url: str, in_flight: int) -> Figures:
    figures = site.generator.run(
        "messages",
        url,
        conversations=scale.conversations,
        in_flight=in_flight,
        **timing(scale),
    )
    check_complete(figures, "all_acknowledged_in_time")
    return figures


def _rows(in_flight: int, scale: Scale, figures: dict[str, list[Figures]]) -> list[Row]:
    parley, peer = figures[PARLEY], figures[PEER]
    measure = f"acknowledged messages/s, {scale.conversations} conversations, {in_flight} in flight"
    rows = [
        results.at_least(
            measure,
            "",
            values(parley, "acknowledged_per_s"),
            values(peer, "acknowledged_per_s"),
            _TIMES[in_flight],
        )
    ]
    if in_flight > 1:
        latency = ("acknowledgement_ms", "p99")
        rows.append(
            results.at_most(
                "p99 of the same", "ms", values(parley, *latency), values(peer, *latency), 0.25
            )
        )
        rows.append(_order(parley, peer))
    return rows


def _order(parley: list[Figures], peer: list[Figures]) -> Row:
    """The share of messages numbered, or delivered, after a later one of the same sender."""
    ours, theirs = _disordered(parley), _disordered(peer)
    return Row(
        "of these, not in their sender's order: numbered, arrived",
        f"{ours[0]:.1%}, {ours[1]:.1%}",
        f"{theirs[0]:.1%}, {theirs[1]:.1%}",
        "–",
        "none",
        ours == (0, 0),
        "the peer takes a number and inserts in two steps, which overtake one another",
    )


def _disordered(runs: list[Figures]) -> tuple[float, float]:
    sent = sum(values(runs, "sent"))
    numbered = sum(values(runs, "numbered_out_of_order"))
    return numbered / sent, sum(values(runs, "arrived_out_of_order")) / sent
