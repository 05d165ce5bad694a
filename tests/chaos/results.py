"""The table of a long run, for the repository."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from embedded.servers import mongod, valkey
from tests.chaos.scenarios import Outcome

FILE = Path(__file__).with_name("RESULTS.md")
_HEADINGS = (
    "Scenario", "What was done", "Times", "Seconds", "Sent", "Acknowledged", "Sent again",
    "Pushed", "Reconnects and second connections", "Longest time without an acknowledgement", "Violations",
)  # fmt: skip
_LIBRARIES = ("python-socketio", "python-engineio", "websockets", "redis", "motor", "uvloop")


def write(outcomes: Sequence[Outcome]) -> None:
    """Write the outcomes of the scenarios, with the versions of what was tested."""
    rows = [_row(outcome) for outcome in outcomes]
    table = [_line(_HEADINGS), _line(["---"] * len(_HEADINGS)), *map(_line, rows)]
    FILE.write_text("\n".join([*_about(), *table, ""]), encoding="utf-8")


def _about() -> list[str]:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        "# Chaos scenarios and their results",
        "",
        "Written by `make chaos`. In each scenario 40 people talk in 20 conversations, some by "
        "polling, some over two gateways at once, some with bad networks. Four RFIs are revised "
        "while apps follow them, and apps follow the feeds of four accounts that are told something all "
        "the time. In the scenarios of `rest`, six pairs of a customer and a vendor "
        "also do business over REST, from draft to award; their effects are counted with the "
        "messages. In the scenario of timers, bursts of 24 offers expire while 24 vendors are warned; "
        "in that of uploads, six customers upload files of up to 2.5 MB; these effects are counted, "
        'too. "Sent again" counts every repetition, whatever its cause. The rules that each record '
        "is checked against are in `checker.py`, `feed_checker.py`, `account_checker.py`, "
        "`effect_checker.py` and `upload_checker.py`.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"{_first_line(str(mongod.binary()), '--version')}, "
        f"{_first_line(str(valkey.binary()), '--version')}, {libraries}.",
        "",
    ]


def _row(outcome: Outcome) -> list[str]:
    return [
        outcome.scenario,
        outcome.did,
        str(outcome.rounds),
        f"{outcome.took_s:.0f}",
        f"{outcome.sent:,}",
        f"{outcome.acknowledged:,}",
        f"{outcome.resent:,}",
        f"{outcome.pushes:,}",
        str(outcome.reconnects),
        f"{outcome.longest_silence_s:.1f} s",
        str(len(outcome.violations)),
    ]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _first_line(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 # our own
    return " ".join(finished.stdout.splitlines()[0].split()[:3])
