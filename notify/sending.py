"""One try to send a claimed notification, and its outcome.

claimed ─▶ gate ─▶ render ─▶ (outcome unknown? look up) ─▶ "begun" ─▶ sender ─▶ outcome
"""

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from prometheus_client import Counter, Histogram

from marketplace import logs, tracing
from marketplace.backoff import Backoff
from marketplace.domain.addresses import Suppression, suppression_id
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import World
from marketplace.tracing import Kind
from notify import delivery_log, reasons
from notify.gate import Gate, SendPermit
from notify.lane import Lane
from notify.looking_up import LOOK_AFTER, LookUp
from notify.outcomes import GIVE_UP_AFTER, RetryPolicy, failed, put_off, sent, suppressed
from notify.rendering import Renderer
from notify.rules import NotificationKind
from notify.sender import (
    TIMEOUT_S,
    OutcomeUnknownError,
    Outgoing,
    PermanentSendError,
    Sender,
    SendError,
    TemporarySendError,
)

LOG = get_logger(__name__)
# A request must be answered before the lease expires, or another worker would start the next try.
ANSWER_WITHIN = timedelta(seconds=2 * TIMEOUT_S)
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# One number gets at most this many SMS within an hour, whatever the number of events.
SMS_PER_HOUR = 20
_HOUR = timedelta(hours=1)

_OUTCOMES = Counter(
    "parley_notification_outcomes_total",
    "Attempts to send a notification, by outcome",
    ["channel", "outcome"],
)
_DELIVERY_TIME = Histogram(
    "parley_notification_seconds",
    "Time from a notification's creation to the provider's acceptance of it",
    ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 1_800, 7_200, 86_400),
)
_SEND = Histogram("parley_notification_send_seconds", "A provider's response time", ["channel"])


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A notification's state after a try, and the address if the provider refused it."""

    notification: Notification
    refused: Suppression | None = None


class Sending:
    """Carries out tries; `senders` has the enabled channels, `lanes` all of them."""

    def __init__(
        self,
        world: World,
        senders: Mapping[Channel, Sender],
        renderer: Renderer,
        lanes: Mapping[Channel, Lane],
        *,
        retry_policy: RetryPolicy | None = None,
        sms_per_hour: int = SMS_PER_HOUR,
    ) -> None:
        self._world = world
        self._senders = senders
        self._renderer = renderer
        self._lanes = lanes
        self._gate = Gate(world)
        self._retry_policy = retry_policy or RetryPolicy()
        self._look_up = LookUp(world, self._retry_policy)
        self._sms_per_hour = sms_per_hour

    async def attempt(self, claimed: Notification) -> None:
        """Try once and save the outcome; never raises.

        If the outcome cannot be saved before the lease expires, another worker takes over.
        """
        name = f"send {claimed.kind}"
        with (
            logs.bound(claimed),
            tracing.continued(claimed.traceparent, name, Kind.CONSUMER) as span,
        ):
            span.set_ids({**claimed.data, "notification_id": claimed.id})
            span.set("parley.channel", claimed.channel)
            span.set("parley.attempts", claimed.attempts)
            outcome = await self._try(claimed)
            if outcome is not None:
                await self._save(outcome)
                span.set("parley.state", outcome.notification.state.value)

    async def _try(self, claimed: Notification) -> _Outcome | None:
        """The outcome of a try; None if another worker has taken over."""
        try:
            return await self._outcome(claimed)
        except TemporaryError as error:
            LOG.warning("a required service is unavailable", why=str(error))
            reason = _still_unknown(claimed) or reasons.STORE_UNAVAILABLE
            return self._put_off(claimed, reason)
        except Exception as error:
            LOG.error("a notification could not be sent", **_labels(claimed, **_defect(error)))
            return self._put_off(claimed, _still_unknown(claimed) or reasons.DEFECT)

    async def _outcome(self, claimed: Notification) -> _Outcome | None:
        channel, now = Channel(claimed.channel), self._world.clock.now()
        sender, is_unknown = self._senders.get(channel), _still_unknown(claimed) is not None
        if sender is None:
            return _Outcome(suppressed(claimed, reasons.CHANNEL_NOT_CONFIGURED, now))
        if is_unknown and not sender.can_look_up:
            return _Outcome(failed(claimed, reasons.OUTCOME_UNKNOWN, now))
        if now > claimed.created_at + GIVE_UP_AFTER:
            return _Outcome(failed(claimed, claimed.reason or reasons.EXPIRED, now))
        permit = await self._gate.check(claimed)
        if isinstance(permit, str):
            return _Outcome(suppressed(claimed, permit, self._world.clock.now()))
        lane, outgoing = self._lanes[channel], self._outgoing(claimed, permit)
        if is_unknown:
            settled = await self._look_up.settled(claimed, sender, lane, outgoing)
            if settled is not None:
                return _Outcome(settled)
        return await self._send(claimed, sender, lane, outgoing)

    async def _send(
        self, claimed: Notification, sender: Sender, lane: Lane, outgoing: Outgoing
    ) -> _Outcome | None:
        now = self._world.clock.now()
        if now + ANSWER_WITHIN > claimed.due_at:
            LOG.warning("the lease is about to expire", **_labels(claimed))
            return None
        if lane.paused_s() > 0:  # a pause that began after the claim
            return self._put_off(claimed, _still_unknown(claimed) or lane.reason, lane)
        if claimed.channel == Channel.SMS and not await self._take_sms_quota(claimed, outgoing.to):
            return _Outcome(suppressed(claimed, reasons.TOO_MANY, now))
        begun = replace(
            claimed,
            reason=reasons.OUTCOME_UNKNOWN,
            tried_at=now,
            looked_up_at=None,
            updated_at=now,
        )
        if not await self._world.store.notifications.settle(begun):
            LOG.warning("another worker has claimed it", **_labels(claimed))
            return None
        try:
            with _SEND.labels(claimed.channel).time():
                provider_id = await _hand_over(sender, outgoing)
        except SendError as error:
            LOG.warning("a try failed", **_labels(claimed, why=str(error)))
            lane.failed(error, claimed.account_id)
            return self._after(begun, error, sender, lane, outgoing)
        lane.answered()
        return _Outcome(sent(begun, provider_id, self._world.clock.now()))

    async def _take_sms_quota(self, claimed: Notification, number: str) -> bool:
        return await self._world.store.send_quotas.take(
            suppression_id(Channel.SMS, number),
            claimed.id,
            self._world.clock.now(),
            self._sms_per_hour,
            _HOUR,
        )

    def _after(
        self,
        begun: Notification,
        error: SendError,
        sender: Sender,
        lane: Lane,
        outgoing: Outgoing,
    ) -> _Outcome:
        """The outcome of a failed try."""
        now = self._world.clock.now()
        if isinstance(error, OutcomeUnknownError):
            if sender.can_look_up:
                pause_s = max(LOOK_AFTER.total_seconds(), lane.paused_s())
                return _Outcome(put_off(begun, error.reason, now, pause_s))
            return _Outcome(failed(begun, error.reason, now))
        if isinstance(error, PermanentSendError):
            refused = _refused_address(begun, error, outgoing)
            return _Outcome(failed(begun, error.reason, now), refused)
        known = replace(begun, tried_at=None)
        if isinstance(error, TemporarySendError) and not error.is_for_all:
            pause_s = self._retry_policy.pause_s(begun.attempts, error.retry_after_s)
            return _Outcome(put_off(known, error.reason, now, max(pause_s, lane.paused_s())))
        return self._put_off(known, error.reason, lane)

    def _put_off(self, claimed: Notification, reason: str, lane: Lane | None = None) -> _Outcome:
        """Due again when the lane's pause ends; without one, after a pause of its own."""
        pause_s = lane.paused_s() if lane is not None else 0.0
        pause_s = pause_s or self._retry_policy.pause_s(claimed.attempts)
        return _Outcome(put_off(claimed, reason, self._world.clock.now(), pause_s))

    def _outgoing(self, claimed: Notification, permit: SendPermit) -> Outgoing:
        kind, to = NotificationKind(claimed.kind), permit.address
        if claimed.channel == Channel.SMS:
            text = self._renderer.sms(kind, {**claimed.data, **permit.secret})
            return Outgoing(claimed.id, to, text, claimed.created_at)
        data = {**claimed.data, **permit.secret}
        mail = self._renderer.mail(kind, permit.name, data, permit.messages)
        return Outgoing(claimed.id, to, mail.text, claimed.created_at, mail.subject, mail.html)

    async def _save(self, outcome: _Outcome) -> None:
        notification = outcome.notification
        give_up_at = asyncio.get_running_loop().time() + ANSWER_WITHIN.total_seconds()
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            try:
                is_ours = await delivery_log.settle(
                    self._world.store, notification, outcome.refused
                )
            except TemporaryError as error:
                if asyncio.get_running_loop().time() > give_up_at:
                    LOG.error(
                        "an outcome could not be saved", **_labels(notification, why=str(error))
                    )
                    return
                await backoff.wait()
            else:
                break
        if not is_ours:
            LOG.warning("an outcome arrived after the lease had expired", **_labels(notification))
        _count(notification, is_ours)


def _count(notification: Notification, is_ours: bool) -> None:
    is_put_off = notification.state is NotificationState.PENDING
    name = "put_off" if is_put_off else notification.state.value
    _OUTCOMES.labels(notification.channel, name if is_ours else "too_late").inc()
    if is_ours and notification.state is NotificationState.SENT:
        took = notification.updated_at - notification.created_at
        _DELIVERY_TIME.labels(notification.channel).observe(max(0.0, took.total_seconds()))


async def _hand_over(sender: Sender, outgoing: Outgoing) -> str:
    """Send; a defect of ours during a request leaves the request's outcome unknown."""
    try:
        return await sender.send(outgoing)
    except SendError:
        raise
    except Exception as error:
        labels = {"notification_id": outgoing.notification_id, **_defect(error)}
        LOG.error("a sender failed unexpectedly", **labels)
        raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from None


def _refused_address(
    begun: Notification, error: SendError, outgoing: Outgoing
) -> Suppression | None:
    """The suppression to store if the provider refused the address."""
    if error.reason not in (reasons.INVALID_ADDRESS, reasons.UNSUBSCRIBED):
        return None
    channel = Channel(begun.channel)
    return Suppression(
        id=suppression_id(channel, outgoing.to),
        channel=channel,
        reason=error.reason,
        notification_id=begun.id,
        created_at=begun.updated_at,
    )


def _still_unknown(claimed: Notification) -> str | None:
    """The reason `outcome_unknown`, if an earlier try left it and no look-up has settled it."""
    return claimed.reason if claimed.reason == reasons.OUTCOME_UNKNOWN else None


def _defect(error: Exception) -> dict[str, str]:
    """An error's type and place, without its text, which may contain an address or user text."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return {"why": type(error).__name__, "where": where}


def _labels(notification: Notification, **more: str) -> dict[str, str | int]:
    """What a log line may say about a notification: never its text, never an address."""
    return {
        "notification_id": notification.id,
        "kind": notification.kind,
        "channel": notification.channel,
        "attempts": notification.attempts,
        **more,
    }
