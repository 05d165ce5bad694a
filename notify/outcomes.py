"""The state of a notification after a try (pure functions)."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace.domain.notifications import Notification, NotificationState

# How long a notification is worth sending: long enough to outlast a day's outage of a provider.
GIVE_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses that double from the first to the longest: 5 s, 10 s, 20 s … one hour.

    Not a `Backoff`: nothing waits. The number of tries is stored, the pause becomes `due_at`, and
    another process may run the next try.
    """

    first_pause_s: float = 5.0
    longest_pause_s: float = 3_600.0
    jitter: Callable[[], float] = random.random

    def pause_s(self, tries: int, asked_for_s: float | None = None) -> float:
        """The doubled pause, jittered down to half, but no less than the provider asked for.

        Up to a second of jitter is added to the provider's time, so that tries that got the same
        answer do not all run at once.
        """
        # 2²⁰ exceeds any longest pause and is far from overflowing a float.
        whole_s = min(self.first_pause_s * 2.0 ** min(tries - 1, 20), self.longest_pause_s)
        pause_s = whole_s * (1 + self.jitter()) / 2
        if asked_for_s is None:
            return pause_s
        return max(pause_s, min(asked_for_s, self.longest_pause_s) + self.jitter())


def sent(notification: Notification, provider_id: str, now: datetime) -> Notification:
    """Accepted by the provider, under the provider's id."""
    return replace(
        notification,
        state=NotificationState.SENT,
        provider_id=provider_id or None,
        reason=None,
        updated_at=now,
    )


def failed(notification: Notification, reason: str, now: datetime) -> Notification:
    """Not sent, and never retried."""
    return replace(notification, state=NotificationState.FAILED, reason=reason, updated_at=now)


def suppressed(notification: Notification, reason: str, now: datetime) -> Notification:
    """Not sent, because it should no longer go out."""
    return replace(notification, state=NotificationState.SUPPRESSED, reason=reason, updated_at=now)


def put_off(notification: Notification, reason: str, now: datetime, pause_s: float) -> Notification:
    """Due again after a pause; failed for the same reason if it is too old by then."""
    due_at = now + timedelta(seconds=pause_s)
    if due_at > notification.created_at + GIVE_UP_AFTER:
        return failed(notification, reason, now)
    return replace(
        notification,
        state=NotificationState.PENDING,
        reason=reason,
        due_at=due_at,
        updated_at=now,
    )
