"""Reading the time."""

from datetime import UTC, timedelta

import pytest

from marketplace.bootstrap import SystemClock
from marketplace.ports import Clock
from tests.builders import FixedClock


@pytest.mark.parametrize("clock", [FixedClock(), SystemClock()], ids=["fixed", "system"])
def test_the_time_is_in_utc_in_whole_milliseconds(clock: Clock) -> None:
    """The current time survives a round trip through the store: whole milliseconds, in UTC."""
    for _ in range(50):
        now = clock.now()

        assert now.utcoffset() == timedelta(0)
        assert now.tzinfo is UTC
        assert now.microsecond % 1_000 == 0


def test_a_test_clock_moves_only_when_advanced() -> None:
    """A test's clock stands still until it is advanced, and then moves by exactly that much."""
    clock = FixedClock()
    before = clock.now()

    assert clock.now() == before
    assert clock.advance(seconds=1.5) == before + timedelta(seconds=1.5)
    assert clock.now() - before == timedelta(seconds=1.5)
