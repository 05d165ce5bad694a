"""Opening hours and pauses."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from marketplace.domain.opening_hours import (
    LONGEST_PAUSE,
    OpeningHours,
    Pause,
    Period,
    is_paused,
    opening_hours,
    pauses,
)
from marketplace.errors import Code, ParleyError
from tests.builders import NOW

HOUR = timedelta(hours=1)
MORNING, AFTERNOON = Period("08:00", "12:00"), Period("13:00", "17:00")


def test_the_periods_of_a_day_are_in_order_and_a_day_without_any_is_left_out() -> None:
    """However they were sent."""
    hours = opening_hours(
        "America/Denver", {"monday": [AFTERNOON, MORNING], "sunday": [], "friday": [MORNING]}
    )

    assert hours == OpeningHours(
        "America/Denver", {"monday": (MORNING, AFTERNOON), "friday": (MORNING,)}
    )


def test_periods_may_touch_and_end_at_midnight() -> None:
    """One that goes past midnight is two."""
    day = [Period("12:00", "18:00"), Period("18:00", "24:00"), Period("00:00", "02:00")]

    assert len(opening_hours("UTC", {"saturday": day}).days["saturday"]) == 3


@pytest.mark.parametrize(
    "periods",
    [
        [Period("17:00", "08:00")],
        [Period("08:00", "08:00")],
        [Period("08:00", "12:00"), Period("11:59", "13:00")],
        [Period("08:00", "18:00"), Period("09:00", "10:00")],
    ],
)
def test_a_period_that_is_empty_or_overlaps_is_refused(periods: Sequence[Period]) -> None:
    """The refusal names the day."""
    with pytest.raises(ParleyError) as refused:
        opening_hours("UTC", {"tuesday": periods})

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["opening_hours.tuesday"]


def test_pauses_that_are_over_are_dropped_and_the_others_ordered() -> None:
    """A pause that goes on now is kept."""
    over = Pause(NOW - 2 * HOUR, NOW)
    going_on = Pause(NOW - HOUR, NOW + HOUR)
    later = Pause(NOW + 5 * HOUR, NOW + 6 * HOUR)

    assert pauses([later, over, going_on, later], NOW) == (going_on, later)


@pytest.mark.parametrize("length", [timedelta(0), -HOUR, LONGEST_PAUSE + HOUR])
def test_a_pause_ends_after_it_starts_and_within_a_year(length: timedelta) -> None:
    """Others are refused."""
    with pytest.raises(ParleyError) as refused:
        pauses([Pause(NOW, NOW + length)], NOW)

    assert refused.value.code is Code.VALIDATION_FAILED


def test_a_pause_begins_at_its_first_moment_and_ends_before_its_last() -> None:
    """So two pauses that touch are one."""
    planned = [Pause(NOW, NOW + HOUR)]

    assert [is_paused(planned, NOW + n * HOUR) for n in (-1, 0, 1)] == [False, True, False]
