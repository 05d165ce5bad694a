"""Medians, ratios and targets of what was measured, and the tables they go into."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load import Figures


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a figure of each gateway, and whether the target was reached."""

    measure: str
    parley: str
    peer: str
    ratio: str
    target: str
    is_reached: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """One line of the second table: latencies in ms, and who was busy, in cores."""

    run: str
    gateway: str
    p50_ms: float
    p99_ms: float
    cores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a measure found."""

    rows: list[Row] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    ceilings: list[tuple[str, str]] = field(default_factory=list)


def at_least(
    measure: str, unit: str, parley: Sequence[float], peer: Sequence[float], times: float
) -> Row:
    """A row whose target is so many times the peer's median."""
    return _compared(measure, unit, parley, peer, times, lambda ratio: ratio >= times, "≥")


def at_most(
    measure: str, unit: str, parley: Sequence[float], peer: Sequence[float], times: float
) -> Row:
    """A row whose target is at most so many times the peer's median."""
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
    ratio = ours / theirs
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
    """Three digits that count, with thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def detail(
    run: str, gateway: str, latencies: Iterable[Figures], cores: Sequence[Figures]
) -> Detail:
    """Medians over the runs of the quantiles and of the cores that were busy."""
    every = list(latencies)
    names = cores[0].keys() if cores else ()
    return Detail(
        run,
        gateway,
        median(each["p50"] for each in every),
        median(each["p99"] for each in every),
        {name: median(each[name] for each in cores) for name in names},
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
    for each in details:
        busy = ", ".join(f"{name} {share:.2f}" for name, share in each.cores.items())
        lines.append(
            f"| {each.run} | {each.gateway} | {number(each.p50_ms)} ms | {number(each.p99_ms)} ms "
            f"| {busy or '–'} |"
        )
    return "\n".join(lines)


def pairs_table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """A table of two columns, in Markdown."""
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])
