"""A channel's lane to its provider: slots, a circuit breaker and a rate for all its notifications.

closed ── an error that affects everybody, or too many failures ──▶ open: nothing is claimed
   ▲                                                                  │ the pause has expired
   └── a request was answered ──── half-open: one at a time ◀─────────┘
                                        └── failed again ──▶ open, for twice as long
"""

import asyncio
import time
from collections.abc import Callable

from prometheus_client import Counter, Gauge

from marketplace.domain.conversations import Channel
from marketplace.logs import get_logger
from notify import reasons
from notify.outcomes import RetryPolicy
from notify.pace import Pace
from notify.sender import OutcomeUnknownError, PermanentSendError, SendError, TemporarySendError

LOG = get_logger(__name__)
# At 100 ms a send: 160 a second.
MAX_IN_FLIGHT = 16
# A recovered provider is noticed within five minutes; one request in five minutes hurts nobody.
RETRY_POLICY = RetryPolicy(longest_pause_s=300.0)
# After this many requests without an answer, or this many people refused for reasons that may not
# be theirs, the fault is assumed to be the provider's or ours.
MOST_UNKNOWN = 3
MOST_REFUSED = 5
_QUIET = frozenset({reasons.RATE_LIMITED, reasons.PROVIDER_UNAVAILABLE, reasons.OUTCOME_UNKNOWN})

_PAUSES = Counter("parley_provider_pauses_total", "Pauses that have started", ["channel", "reason"])
_IS_PAUSED = Gauge(
    "parley_provider_is_paused", "1 while no notification is claimed for the provider", ["channel"]
)
_REFUSALS = Counter(
    "parley_provider_refusals_total",
    "Refusals about our key, number or account, or with an unknown code",
    ["channel", "reason"],
)


class Lane:
    """What this process knows about one channel's provider; `now_s` is a monotonic clock."""

    def __init__(
        self,
        channel: Channel,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        retry_policy: RetryPolicy = RETRY_POLICY,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.channel = channel
        self.slots = asyncio.Semaphore(max_in_flight)
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._retry_policy = retry_policy
        self._now_s = now_s
        self._pace = Pace()
        self._paused_until_s = float("-inf")
        self._pauses = 0
        self._is_half_open = False
        self._unknown = 0
        self._refused: set[str] = set()
        self.reason = reasons.PROVIDER_UNAVAILABLE
        _IS_PAUSED.labels(channel.value).set_function(lambda: float(self.paused_s() > 0))

    def paused_s(self) -> float:
        """Seconds left of the pause; 0 when there is none."""
        return max(0.0, self._paused_until_s - self._now_s())

    def wait_s(self) -> float:
        """Seconds until something may be claimed; see `is_full` for how much, while half-open."""
        return max(self.paused_s(), self._pace.wait_s(self._now_s()))

    @property
    def is_full(self) -> bool:
        """Whether a try in flight must end before the next claim; one at a time if half-open."""
        return self._in_flight >= (1 if self._is_half_open else self._max_in_flight)

    def begin(self) -> None:
        """Count a claimed notification as in flight."""
        self._in_flight += 1
        self._pace.left(self._now_s())

    def end(self) -> None:
        """Count its try as ended."""
        self._in_flight -= 1

    def answered(self) -> None:
        """Close the breaker: the provider judged a message, so it and our account work."""
        self._pace.taken(self._now_s())
        self._pauses = self._unknown = 0
        self._refused.clear()
        self._is_half_open = False

    def failed(self, error: SendError, account_id: str) -> None:
        """Record a failed request; open the breaker if the error affects everybody."""
        if isinstance(error, PermanentSendError):
            self.answered()
            return
        asked_for_s = error.retry_after_s if isinstance(error, TemporarySendError) else None
        if error.reason == reasons.RATE_LIMITED:
            self._pace.slow_down(self._now_s())
        self._count_refusal(error)
        if self._is_for_all(error, account_id):
            self._pause(error, asked_for_s)

    def _is_for_all(self, error: SendError, account_id: str) -> bool:
        if isinstance(error, OutcomeUnknownError):
            self._unknown += 1
            return self._is_half_open or self._unknown >= MOST_UNKNOWN
        if isinstance(error, TemporarySendError) and error.is_for_all:
            return True
        self._refused.add(account_id)
        return len(self._refused) >= MOST_REFUSED

    def _pause(self, error: SendError, asked_for_s: float | None) -> None:
        now_s = self._now_s()
        if self._paused_until_s > now_s:  # this was in flight when the pause began
            self._paused_until_s = max(
                self._paused_until_s,
                now_s + min(asked_for_s or 0.0, self._retry_policy.longest_pause_s),
            )
            return
        self._pauses += 1
        pause_s = self._retry_policy.pause_s(self._pauses, asked_for_s)
        self._paused_until_s = now_s + pause_s
        self._is_half_open = True
        # Other notifications wait for this reason; their own outcome is not unknown.
        is_unknown = isinstance(error, OutcomeUnknownError)
        self.reason = reasons.PROVIDER_UNAVAILABLE if is_unknown else error.reason
        _PAUSES.labels(self.channel.value, _label(error.reason)).inc()
        LOG.warning(
            "sending to the provider is paused",
            channel=self.channel.value,
            why=str(error),
            pause_s=round(pause_s, 1),
        )

    def _count_refusal(self, error: SendError) -> None:
        if error.reason not in _QUIET:
            _REFUSALS.labels(self.channel.value, _label(error.reason)).inc()


def _label(reason: str) -> str:
    """A reason without the provider's code: labels must come from a closed list."""
    return reasons.PROVIDER_REFUSED if reason.startswith(reasons.PROVIDER_REFUSED) else reason
