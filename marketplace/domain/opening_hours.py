"""When a vendor is open: hours by weekday in a time zone, holidays, and pauses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from marketplace.errors import invalid

MAX_PERIODS = 4
MAX_HOLIDAYS = 60
MAX_PAUSES = 20
# A vendor that stays away longer should ask to be suspended.
LONGEST_PAUSE = timedelta(days=366)


class Weekday(StrEnum):
    """The days of the week, in order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True)
class Period:
    """A part of a day, as `HH:MM` in local time; it closes at `24:00` at the latest.

    A vendor that is open past midnight has a period on each of the two days.
    """

    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The periods of each weekday, in a time zone; a weekday without periods is closed."""

    timezone: str
    days: dict[str, tuple[Period, ...]]


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a vendor gets no offers; what it has accepted goes on."""

    starts_at: datetime
    ends_at: datetime


def opening_hours(timezone: str, days: Mapping[str, Sequence[Period]]) -> OpeningHours:
    """Opening hours with the periods of each day in order.

    Raises:
        ParleyError: `validation_failed` for a period that ends before it starts, or that overlaps
            with another.
    """
    ordered = {}
    for day, periods in days.items():
        in_order = tuple(sorted(periods, key=lambda period: period.opens))
        path = f"opening_hours.{day}"
        if any(period.opens >= period.closes for period in in_order):
            raise invalid(path, "A period must close later than it opens.")
        if any(earlier.closes > later.opens for earlier, later in pairwise(in_order)):
            raise invalid(path, "Periods must not overlap.")
        if in_order:
            ordered[day] = in_order
    return OpeningHours(timezone, ordered)


def pauses(planned: Sequence[Pause], now: datetime) -> tuple[Pause, ...]:
    """The pauses that have not ended, in order.

    Raises:
        ParleyError: `validation_failed` for a pause that ends before it starts, or that is longer
            than a year.
    """
    for pause in planned:
        if pause.ends_at <= pause.starts_at:
            raise invalid("pauses", "A pause must end after it starts.")
        if pause.ends_at - pause.starts_at > LONGEST_PAUSE:
            raise invalid("pauses", "A pause lasts a year at most.")
    kept = {pause for pause in planned if pause.ends_at > now}
    return tuple(sorted(kept, key=lambda pause: (pause.starts_at, pause.ends_at)))


def is_paused(planned: Sequence[Pause], at: datetime) -> bool:
    """Whether one of the pauses is going on."""
    return any(pause.starts_at <= at < pause.ends_at for pause in planned)
