"""Rate limits: a burst, then a steady rate per second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.errors import Code, ParleyError
from marketplace.limits import Rate, RateLimit
from tests.builders import Stopwatch


def refusal_of(limit: RateLimit) -> ParleyError | None:
    """The error that taking one token raises, or None."""
    try:
        limit.take("a")
    except ParleyError as error:
        return error
    return None


def test_tokens_return_with_time() -> None:
    """A burst passes at once, then tokens return with time, never more than the burst."""
    stopwatch = Stopwatch()
    limit = RateLimit(3, 1, stopwatch)

    def taken(tries: int) -> int:
        refused = [error for _ in range(tries) if (error := refusal_of(limit)) is not None]
        assert {error.code for error in refused} <= {Code.RATE_LIMITED}
        assert all(0 < (error.retry_after_ms or 0) <= 1_000 for error in refused)
        return tries - len(refused)

    assert taken(5) == 3
    stopwatch.at_s += 2
    assert taken(5) == 2
    stopwatch.at_s += 1_000
    assert taken(5) == 3


@given(
    burst=st.integers(1, 50),
    per_s=st.integers(1, 50),
    pauses_s=st.lists(st.floats(0, 3), max_size=60),
)
def test_no_timing_exceeds_burst_and_rate(burst: int, per_s: int, pauses_s: list[float]) -> None:
    """However the attempts are spread, no more pass than the burst and the elapsed time allow."""
    rate, paid_until, now, taken = Rate(burst, per_s), 0.0, 1_000.0, 0
    for pause_s in pauses_s:
        now += pause_s
        for _ in range(3):
            if rate.wait_s(paid_until, now) <= 0:
                paid_until, taken = rate.after(paid_until, now), taken + 1

    assert taken <= burst + (now - 1_000.0) * per_s + 1e-3


def test_waiting_for_the_given_time_is_enough() -> None:
    """The wait in a refusal is long enough, and no longer than one token takes."""
    rate, now = Rate(2, 10), 5.0
    paid_until = rate.after(rate.after(0.0, now), now)

    wait_s = rate.wait_s(paid_until, now)

    assert wait_s == pytest.approx(0.1, abs=1e-5)
    assert rate.wait_s(paid_until, now + wait_s + 1e-9) <= 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of keys evicts the oldest instead of filling the memory."""
    monkeypatch.setattr("marketplace.limits._MAX_KEYS", 3)
    limit = RateLimit(1, 1 / 60, Stopwatch())
    for key in "abcd":
        limit.take(key)

    limit.take("a")  # evicted, so it counts as new
    with pytest.raises(ParleyError):
        limit.take("d")
