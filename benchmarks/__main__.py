import logging
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import machine, results, site, tools
from benchmarks.measures import MEASURES
from benchmarks.results import Found
from benchmarks.scale import FULL, QUICK, Scale
from embedded.errors import StackError

# The herd's clients, and as many connections from nginx to the gateways.
_OPEN_FILES = 16_384
_INTRODUCTION = """\
# Results

Written by `make bench`. [README.md](README.md) explains how to read it and why the comparison is fair.
Each figure is the median of {rounds} runs of each gateway in turn, {length:g} s each after {warm_up:g} s of warm-up.
One process of each gateway runs; generator, gateway, MongoDB and Valkey share the cores, unpinned.

{at}, on {machine}.
"""


@click.command(help="Measure Parley and the peer side by side.")
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Not everything.")
@click.option("--quick", is_flag=True, help="Small and short: to see that it works.")
@click.option("--rounds", type=click.IntRange(min=1), help="Runs of each gateway.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Markdown file to write; standard output when not given.",
)
def main(only: tuple[str, ...], *, quick: bool, rounds: int | None, output: Path | None) -> None:
    """Measure and write the tables."""
    for noisy in ("aiokafka", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    scale = QUICK if quick else FULL
    scale = replace(scale, rounds=rounds or scale.rounds)
    try:
        _allow_open_files()
        tools.check_peer()
        text = _render(scale, measure(only or tuple(MEASURES), scale))
    except StackError as error:
        sys.exit(str(error))
    if output is None:
        print(text)
    else:
        output.write_text(text, encoding="utf-8")
        print(f"Written to {output}.")


def measure(names: Iterable[str], scale: Scale) -> Found:
    """Run the named measures one after the other.

    Raises:
        StackError: a process does not run, or a run was not clean.
    """
    found = Found()
    with site.opened(scale.seeded, lambda _: None) as opened:
        for name in names:
            began_at = time.monotonic()
            measured = MEASURES[name](opened, scale)
            found.rows.extend(measured.rows)
            found.details.extend(measured.details)
            found.ceilings.extend(measured.ceilings)
            _report(f"{name}: {time.monotonic() - began_at:.0f} s")
            for row in measured.rows:
                _report(f"  {row.measure}: {row.parley} | {row.peer} | {row.ratio} ({row.target})")
    return found


def _render(scale: Scale, found: Found) -> str:
    introduction = _INTRODUCTION.format(
        rounds=scale.rounds,
        length=scale.length_s,
        warm_up=scale.warm_up_s,
        at=datetime.now(UTC).date().isoformat(),
        machine=machine.machine(),
    )
    parts = [introduction, results.table(found.rows)]
    if found.details:
        parts += ["## Latencies, and who was busy", results.detail_table(found.details)]
    if found.ceilings:
        head = ("Generator against its own server", "Reached")
        parts += ["## The generator alone", results.pairs_table(head, found.ceilings)]
    parts += ["## Versions", results.pairs_table(("What", "Version"), machine.versions())]
    return "\n\n".join(parts) + "\n"


def _allow_open_files() -> None:
    """Raise the limit on open files, which all child processes inherit.

    Raises:
        StackError: the machine does not allow that many.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _OPEN_FILES:
        raise StackError(f"{_OPEN_FILES} open files are needed; raise `ulimit -Hn`, now {most}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, most))


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
