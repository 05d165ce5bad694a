"""The state of a notification after an attempt."""

from datetime import timedelta

import pytest

from marketplace.domain.notifications import NotificationState
from notify.outcomes import RetryPolicy, put_off, sent
from tests.builders import NOW, a_notification
from tests.notify.helpers import at

CALM = RetryPolicy(jitter=lambda: 1.0)


@pytest.mark.parametrize(
    ("tries", "pause_s"), [(1, 5), (2, 10), (3, 20), (10, 2_560), (11, 3_600), (5_000, 3_600)]
)
def test_the_backoff_doubles_up_to_an_hour(tries: int, pause_s: float) -> None:
    """The pause doubles up to an hour, however many attempts there were."""
    assert CALM.pause_s(tries, None) == pause_s


def test_the_backoff_is_spread_over_its_second_half() -> None:
    """Notifications that failed together do not return together."""
    assert RetryPolicy(jitter=lambda: 0.0).pause_s(2, None) == 5
    drawn = {RetryPolicy().pause_s(2, None) for _ in range(50)}
    assert len(drawn) > 25
    assert all(5 <= pause_s <= 10 for pause_s in drawn)


def test_a_retry_hint_is_a_minimum_for_the_backoff() -> None:
    """A hint delays the retry, with some jitter; a small one does not stop the doubling."""
    assert RetryPolicy(jitter=lambda: 0.0).pause_s(1, 30) == 30
    assert CALM.pause_s(1, 30) == 31
    assert CALM.pause_s(7, 30) == 320
    assert CALM.pause_s(1, 1e9) == 3_601


def test_a_postponed_notification_is_pending_again() -> None:
    """After any number of attempts a postponed notification is pending, with reason and new time."""
    after = put_off(a_notification(attempts=5_000), "rate_limited", NOW, 10)

    assert (after.state, after.reason) == (NotificationState.PENDING, "rate_limited")
    assert after.due_at == at(10)


def test_a_retry_after_more_than_a_day_is_a_failure() -> None:
    """A notification that would be retried after a day has failed."""
    created_at = NOW - timedelta(hours=24) + timedelta(seconds=9)
    after = put_off(a_notification(created_at=created_at), "busy", NOW, 10)

    assert after.state is NotificationState.FAILED


def test_a_sent_notification_has_the_providers_id_and_no_reason() -> None:
    """An empty id counts as none."""
    after = sent(a_notification(reason="outcome_unknown"), "SM1", at(3))

    assert (after.state, after.reason, after.provider_id) == (NotificationState.SENT, None, "SM1")
    assert after.updated_at == at(3)
    assert sent(a_notification(), "", NOW).provider_id is None
