"""A channel's lane: when it claims nothing, for how long, and at which rate it continues."""

import pytest
from prometheus_client import REGISTRY

from marketplace.domain.conversations import Channel
from notify.lane import MOST_REFUSED, MOST_UNKNOWN, Lane
from notify.outcomes import RetryPolicy
from notify.sender import (
    OutcomeUnknownError,
    PermanentSendError,
    SendError,
    TemporarySendError,
)
from tests.builders import Stopwatch

CALM = RetryPolicy(first_pause_s=5, longest_pause_s=300, jitter=lambda: 1.0)
AWAY = TemporarySendError("provider_unavailable")
UNKNOWN = OutcomeUnknownError("outcome_unknown")


@pytest.fixture
def clock() -> Stopwatch:
    """The lane's clock."""
    return Stopwatch()


@pytest.fixture
def lane(clock: Stopwatch) -> Lane:
    """An email lane without jitter."""
    return Lane(Channel.EMAIL, retry_policy=CALM, now_s=clock)


def _alone(code: int) -> SendError:
    return TemporarySendError(f"provider_refused_{code}", is_for_all=False)


def test_a_temporary_refusal_pauses_the_lane_and_pauses_double(
    lane: Lane, clock: Stopwatch
) -> None:
    """5, 10, 20 s … up to five minutes, while nothing succeeds in between."""
    pauses = []
    for _ in range(8):
        lane.failed(AWAY, "a")
        pauses.append(lane.paused_s())
        clock.at_s += lane.paused_s()

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert lane.wait_s() == 0
    lane.answered()
    lane.failed(AWAY, "a")
    assert lane.paused_s() == 5


def test_a_retry_hint_is_a_minimum_and_pauses_still_double(lane: Lane, clock: Stopwatch) -> None:
    """A provider that always hints at 1 s still gets few requests."""
    busy = TemporarySendError("rate_limited", retry_after_s=1)
    for expected_s in (5, 10, 20):
        lane.failed(busy, "a")
        assert lane.paused_s() == expected_s
        clock.at_s += expected_s

    lane.failed(TemporarySendError("rate_limited", retry_after_s=90), "a")
    assert lane.paused_s() == 91


def test_requests_in_flight_do_not_lengthen_a_pause(lane: Lane) -> None:
    """Sixteen failures at once count as one, and the longest of their hints applies."""
    for _ in range(16):
        lane.failed(AWAY, "a")
    assert lane.paused_s() == 5

    lane.failed(TemporarySendError("rate_limited", retry_after_s=60), "a")
    assert lane.paused_s() == 60


def test_after_a_pause_one_request_goes_first(lane: Lane, clock: Stopwatch) -> None:
    """After a pause, one request goes first; the others wait for its answer."""
    lane.begin()
    lane.failed(AWAY, "a")
    lane.end()
    clock.at_s += 5
    takes: list[bool] = []

    takes.append(not lane.is_full)
    lane.begin()
    takes.append(not lane.is_full)
    lane.answered()
    takes.append(not lane.is_full)

    assert takes == [True, False, True]


@pytest.mark.parametrize("error", [PermanentSendError("invalid_address"), None])
def test_an_accepted_or_refused_message_ends_the_trouble(
    lane: Lane, clock: Stopwatch, error: SendError | None
) -> None:
    """A message that is accepted, or refused for its own sake, shows that the provider works."""
    for _ in range(MOST_UNKNOWN - 1):
        lane.failed(UNKNOWN, "a")
    if error is None:
        lane.answered()
    else:
        lane.failed(error, "a")
    lane.failed(UNKNOWN, "a")

    assert lane.paused_s() == 0


def test_several_time_outs_pause_the_lane_and_then_one_is_enough(
    lane: Lane, clock: Stopwatch
) -> None:
    """A single time-out can happen; but each request to a hanging provider costs an email."""
    for _ in range(MOST_UNKNOWN - 1):
        lane.failed(UNKNOWN, "a")
        assert lane.paused_s() == 0
    lane.failed(UNKNOWN, "a")
    assert lane.paused_s() == 5

    clock.at_s += 5
    lane.failed(UNKNOWN, "a")
    assert lane.paused_s() == 10


def test_one_recipients_refusals_pause_nobody_else(lane: Lane) -> None:
    """One person's refusals pause nobody; the same from several count as our fault and alarm."""
    before = _refusals()
    for _ in range(20):
        lane.failed(_alone(21408), "carla")
    assert lane.paused_s() == 0

    for number in range(MOST_REFUSED - 1):
        lane.failed(_alone(21408), f"other-{number}")
    assert lane.paused_s() == 5
    assert _refusals() == before + 20 + MOST_REFUSED - 1


def _refusals() -> float:
    labels = {"channel": "email", "reason": "provider_refused"}
    return REGISTRY.get_sample_value("parley_provider_refusals_total", labels) or 0


def test_only_our_own_mistakes_raise_the_alarm(lane: Lane) -> None:
    """The metric for alarms counts only refusals of our key, number or account."""

    def count(reason: str) -> float:
        labels = {"channel": "email", "reason": reason}
        return REGISTRY.get_sample_value("parley_provider_refusals_total", labels) or 0

    refused = count("account_refused")
    for error in (TemporarySendError("rate_limited"), AWAY, UNKNOWN):
        lane.failed(error, "a")
    lane.failed(TemporarySendError("account_refused"), "a")

    assert count("account_refused") == refused + 1
    assert count("rate_limited") == count("provider_unavailable") == count("outcome_unknown") == 0


def test_after_rate_limiting_the_lane_continues_at_the_accepted_rate(
    lane: Lane, clock: Stopwatch
) -> None:
    """Ten were accepted within a second: nine a second from then, evenly spaced, then slowly more."""
    for _ in range(10):
        lane.answered()
    lane.failed(TemporarySendError("rate_limited", retry_after_s=1), "a")
    clock.at_s += lane.paused_s()

    gone = 0
    end_s = clock.at_s + 10
    while clock.at_s < end_s:
        lane.begin()
        lane.answered()
        lane.end()
        gone += 1
        clock.at_s += lane.wait_s()
    assert 90 <= gone <= 96

    clock.at_s += 3_600
    lane.begin()
    assert lane.wait_s() == 0


def test_rate_limiting_without_an_accepted_request_sets_no_rate(
    lane: Lane, clock: Stopwatch
) -> None:
    """The pause is enough: a rate derived from no data would last for minutes."""
    lane.failed(TemporarySendError("rate_limited"), "a")
    clock.at_s += lane.paused_s()
    lane.begin()

    assert lane.wait_s() == 0


def test_a_pause_is_shown_by_a_metric(lane: Lane, clock: Stopwatch) -> None:
    """The metric is 1 while nothing is claimed."""

    def shown() -> float | None:
        return REGISTRY.get_sample_value("parley_provider_is_paused", {"channel": "email"})

    assert shown() == 0
    lane.failed(AWAY, "a")
    assert shown() == 1
    clock.at_s += 5
    assert shown() == 0
