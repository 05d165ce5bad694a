"""What becomes of a notification after a try: pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace.domain.notifications import Notification, NotificationState


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to try; the pause doubles from the first to the longest.

    5 s, 10 s, 20 s … one hour: a provider's day off is survived, and after a day the news is old.
    """

    first_pause_s: float = 5.0
    longest_pause_s: float = 3_600.0
    max_tries: int = 30
    give_up_after: timedelta = timedelta(hours=24)
    # Between 0 and 1; those that failed together do not come back together.
    jitter: Callable[[], float] = random.random

    def pause_s(self, tries: int, asked_for_s: float | None) -> float:
        """Half to all of the doubled pause; what the provider asked for, and up to 1 s more."""
        if asked_for_s is not None:
            return min(asked_for_s, self.longest_pause_s) + self.jitter()
        # 2²⁰ is beyond every longest pause, and far from overflowing a float.
        whole_s = min(self.first_pause_s * 2.0 ** min(tries - 1, 20), self.longest_pause_s)
        return whole_s * (1 + self.jitter()) / 2


def sent(notification: Notification, provider_id: str, now: datetime) -> Notification:
    """Taken by the provider, under the provider's id."""
    return replace(
        notification,
        state=NotificationState.SENT,
        provider_id=provider_id or None,
        reason=None,
        updated_at=now,
    )


def failed(notification: Notification, reason: str, now: datetime) -> Notification:
    """Not sent, and never tried again."""
    return replace(notification, state=NotificationState.FAILED, reason=reason, updated_at=now)


def suppressed(notification: Notification, reason: str, now: datetime) -> Notification:
    """Not sent, since it should not go out any more."""
    return replace(notification, state=NotificationState.SUPPRESSED, reason=reason, updated_at=now)


def put_off(
    notification: Notification,
    reason: str,
    now: datetime,
    patience: Patience,
    asked_for_s: float | None = None,
) -> Notification:
    """Due again later; failed for the same reason when that is too often or too late."""
    pause = timedelta(seconds=patience.pause_s(notification.attempts, asked_for_s))
    is_late = now + pause > notification.created_at + patience.give_up_after
    if notification.attempts >= patience.max_tries or is_late:
        return failed(notification, reason, now)
    return replace(
        notification,
        state=NotificationState.PENDING,
        reason=reason,
        due_at=now + pause,
        updated_at=now,
    )
