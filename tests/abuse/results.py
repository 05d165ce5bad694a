"""The table of all attacks, for the repository."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.abuse.costs import PYTHON, WATCHED
from tests.abuse.play import Outcome

FILE = Path(__file__).with_name("RESULTS.md")
_HEADINGS = (
    "Attack", "What the attackers got", "Good clients: p99", "Their failures",
    *(f"{name}, MiB" for name in WATCHED), *(f"{name}: holds" for name in PYTHON),
)  # fmt: skip


def write(outcomes: Sequence[Outcome]) -> None:
    """Write the outcomes of the attacks."""
    lines = [_HEADINGS, ["---"] * len(_HEADINGS), *map(_row, outcomes)]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    FILE.write_text("\n".join([*_about(), *table, ""]), encoding="utf-8")


def _about() -> list[str]:
    return [
        "# What attacks cost",
        "",
        "Written by `make abuse`, at the default limits. The attackers have two addresses. "
        "Meanwhile five good clients, each at an address of its own, read their account and send "
        "a message ten times a second. Memory is shown before the attack, at its highest, and two "
        "seconds after. A hold is counted when an event loop's thread used more than 20 ms of CPU "
        "time between two samples 5 ms apart; work for good clients counts too. Attackers, servers "
        "and good clients share the machine.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f} at the "
        f"end, {platform.system()} {platform.machine()}, Python {platform.python_version()}.",
        "",
    ]


def _row(outcome: Outcome) -> list[str]:
    return [
        outcome.attack,
        ", ".join(f"{count:,} × {what}" for what, count in sorted(outcome.seen.items())),
        f"{outcome.felt.p99_ms:.0f} ms of {len(outcome.felt.took_ms):,}",
        str(len(outcome.felt.failures)),
        *(
            f"{outcome.before[name]:.0f} → {outcome.during[name]:.0f} → {outcome.after[name]:.0f}"
            for name in WATCHED
        ),
        *(str(outcome.loop_blocks[name]) for name in PYTHON),
    ]
