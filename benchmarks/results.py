"""Medians, ratios and targets of the measurements, and the tables that show them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load import Figures


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a figure for each gateway, and whether the target was reached."""

    measure: str
    parley: str
    peer: str
    ratio: str
    target: str
    is_reached: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of the second table: latencies in ms, and the cores that each process kept busy."""

    run: str
    gateway: str
    p50_ms: float
    p99_ms: float
    cores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The results of a measure."""

    rows: list[Row] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    ceilings: list[tuple[str, str]] = field(default_factory=list)


def at_least(
    measure: str, unit: str, parley: Sequence[float], peer: Sequence[float], times: float
) -> Row:
    """A row whose target is at least `times` the peer's median."""
    return _compared(measure, unit, parley, peer, times, lambda ratio: ratio >= times, "≥")


def at_most(
    measure: str, unit: str, parley: Sequence[float], peer: Sequence[float], times: float
) -> Row:
    """A row whose target is at most `times` the peer's median."""
    return _compared(measure, unit, parley, peer, times, lambda ratio: ratio <= times, "≤")


def _compared(
    measure: str,
    unit: str,
    parley: Sequence[float],
    peer: Sequence[float],
    times: float,
    is_reached: Callable[[float], bool],
    sign: str,
) -> Row:
    ours, theirs = median(parley), median(peer)
    # Without a result of the peer, which a busy machine can starve, no target is reached.
    ratio = ours / theirs if theirs else math.nan
    return Row(
        measure,
        f"{number(ours)} {unit}".strip(),
        f"{number(theirs)} {unit}".strip(),
        f"{number(ratio)} ×",
        f"{sign} {number(times)} ×",
        is_reached(ratio),
        f"runs {_runs(parley)} against {_runs(peer)}" if len(parley) > 1 else "",
    )


def _runs(values: Sequence[float]) -> str:
    return ", ".join(number(value) for value in values)


def number(value: float) -> str:
    """A number with three significant digits and thousands separators."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def detail(
    run: str, gateway: str, latencies: Iterable[Figures], cores: Sequence[Figures]
) -> Detail:
    """Medians, over the runs, of the latency quantiles and of the busy cores."""
    runs = list(latencies)
    names = cores[0].keys() if cores else ()
    return Detail(
        run,
        gateway,
        median(latency["p50"] for latency in runs),
        median(latency["p99"] for latency in runs),
        {name: median(busy[name] for busy in cores) for name in names},
    )


def table(rows: Sequence[Row]) -> str:
    """The main table, in Markdown."""
    lines = [
        "| Measure | Parley | Peer | Ratio | Target | Reached | Remark |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.measure} | {row.parley} | {row.peer} | {row.ratio} | {row.target} "
        f"| {'yes' if row.is_reached else '**no**'} | {row.remark} |"
        for row in rows
    ]
    return "\n".join(lines)


def detail_table(details: Sequence[Detail]) -> str:
    """The table of latencies, in Markdown."""
    lines = ["| Run | Gateway | p50 | p99 | Busy cores |", "|---|---|---|---|---|"]
    for row in details:
        busy = ", ".join(f"{name} {share:.2f}" for name, share in row.cores.items())
        lines.append(
            f"| {row.run} | {row.gateway} | {number(row.p50_ms)} ms | {number(row.p99_ms)} ms "
            f"| {busy or '–'} |"
        )
    return "\n".join(lines)


def pairs_table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """A table of two columns, in Markdown."""
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])
