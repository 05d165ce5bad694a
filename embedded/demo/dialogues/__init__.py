"""What people say in the stories' conversations: one script per file, and the script parser.

A script has one event per line, in order:

    customer: Can you come on Friday?            a message
    customer edits: Can you come on Saturday?    edits the customer's last message
    customer deletes:                            deletes the customer's last message
    vendor quotes 185.00: Parts and labor.       a quote in US dollars, with its message
    customer awards:                             awards the RFI to this vendor's quote
    customer reads:                              the customer has read everything up to here
    later 3 h                                    time passes (h or min)
    # a remark
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files

from marketplace.domain.accounts import Role

_LINE = re.compile(
    r"(customer|vendor)(?: (edits|deletes|reads|quotes|awards))?(?: ([0-9.]+))?: *(.*)"
)
_LATER = re.compile(r"later ([0-9]+) (h|min)")
# Picking up the phone, and then typing with two thumbs.
_BEGIN_S, _SECONDS_PER_CHARACTER = 25, 0.3


class LineKind(StrEnum):
    """What happens in a line of a script."""

    SAYS = "says"
    EDITS = "edits"
    DELETES = "deletes"
    READS = "reads"
    QUOTES = "quotes"
    AWARDS = "awards"


@dataclass(frozen=True, slots=True)
class Line:
    """One event: whose it is, and how long after the previous line."""

    kind: LineKind
    role: Role
    text: str
    amount_minor: int
    after: timedelta


def script(name: str) -> list[Line]:
    """Parse the lines of a script.

    Raises:
        ValueError: a line cannot be parsed; the message has its number.
    """
    text = files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    lines: list[Line] = []
    pause = timedelta()
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip() or raw.startswith("#"):
            continue
        if later := _LATER.fullmatch(raw.strip()):
            pause += timedelta(minutes=int(later[1]) * (60 if later[2] == "h" else 1))
        elif match := _LINE.fullmatch(raw.strip()):
            lines.append(_line(match, pause))
            pause = timedelta()
        else:
            raise ValueError(f"{name}.txt, line {number}: cannot be read")
    return lines


def _line(match: re.Match[str], pause: timedelta) -> Line:
    role, kind, amount, text = match.groups()
    writing = timedelta(seconds=round(_BEGIN_S + _SECONDS_PER_CHARACTER * len(text)))
    return Line(
        kind=LineKind(kind or "says"),
        role=Role(role),
        text=text,
        amount_minor=int(Decimal(amount or 0) * 100),
        after=pause + writing,
    )
