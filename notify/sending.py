"""One try to send a claimed notification, and what becomes of it.

claimed ─▶ gate ─▶ render ─▶ (outcome unknown? look up) ─▶ "begun" ─▶ sender ─▶ outcome
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from prometheus_client import Counter, Histogram

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.errors import TemporaryError
from marketplace.ports import World
from notify import delivery_log, reasons
from notify.gate import Gate, Passage
from notify.outcomes import Patience, failed, put_off, sent, suppressed
from notify.rendering import Renderer
from notify.rules import Kind
from notify.sender import (
    TIMEOUT_S,
    OutcomeUnknownError,
    Outgoing,
    Sender,
    SendError,
    TemporarySendError,
)

LOG = logging.getLogger(__name__)
# A request must have its answer before the lease ends, or another worker would begin the next.
ANSWER_WITHIN = timedelta(seconds=2 * TIMEOUT_S)
SAVE_AGAIN_AFTER_S = 0.5

_OUTCOMES = Counter(
    "parley_notification_outcomes_total", "Tries by how they ended", ["channel", "outcome"]
)
_ON_THE_WAY = Histogram(
    "parley_notification_seconds",
    "From the event's handling to the provider",
    ["channel"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 1_800, 7_200, 86_400),
)
_SEND = Histogram("parley_notification_send_seconds", "A provider's time to answer", ["channel"])


class Sending:
    """Carries out tries; `senders` has the channels that are on."""

    def __init__(
        self,
        world: World,
        senders: Mapping[Channel, Sender],
        renderer: Renderer,
        patience: Patience | None = None,
    ) -> None:
        self._world = world
        self._senders = senders
        self._renderer = renderer
        self._gate = Gate(world)
        self._patience = patience or Patience()

    async def attempt(self, claimed: Notification) -> None:
        """Try once and write down what came of it; never raises.

        What cannot be written down until the lease ends is another worker's to find out.
        """
        try:
            outcome = await self._outcome(claimed)
        except TemporaryError as error:
            LOG.warning("a part behind is away", extra={"why": str(error)})
            outcome = self._put_off(claimed, _still_unknown(claimed) or reasons.STORE_UNAVAILABLE)
        except Exception:
            LOG.exception("a notification could not be sent", extra=_labels(claimed))
            outcome = self._put_off(claimed, _still_unknown(claimed) or reasons.DEFECT)
        if outcome is not None:
            await self._save(outcome)

    async def _outcome(self, claimed: Notification) -> Notification | None:
        """The notification after this try; None when there is no time left to begin it."""
        sender = self._senders.get(Channel(claimed.channel))
        if sender is None:
            return suppressed(claimed, reasons.CHANNEL_NOT_CONFIGURED, self._world.clock.now())
        is_unknown = claimed.reason == reasons.OUTCOME_UNKNOWN
        if is_unknown and not sender.can_look_up:
            return failed(claimed, reasons.OUTCOME_UNKNOWN, self._world.clock.now())
        passage = await self._gate.check(claimed)
        if isinstance(passage, str):
            return suppressed(claimed, passage, self._world.clock.now())
        outgoing = self._outgoing(claimed, passage)
        if is_unknown:
            try:
                found = await sender.look_up(outgoing)
            except SendError as error:
                return self._after(claimed, error, reasons.OUTCOME_UNKNOWN)
            if found is not None:
                return sent(claimed, found, self._world.clock.now())
        return await self._send(claimed, sender, outgoing)

    async def _send(
        self, claimed: Notification, sender: Sender, outgoing: Outgoing
    ) -> Notification | None:
        now = self._world.clock.now()
        if now + ANSWER_WITHIN > claimed.due_at:
            LOG.warning("the lease is nearly over", extra=_labels(claimed))
            return None
        begun = replace(claimed, reason=reasons.OUTCOME_UNKNOWN, updated_at=now)
        await self._world.store.notifications.save(begun)
        try:
            with _SEND.labels(claimed.channel).time():
                provider_id = await _hand_over(sender, outgoing)
        except OutcomeUnknownError as error:
            if sender.can_look_up:
                return self._after(claimed, error, error.reason)
            LOG.warning("a try's outcome is unknown", extra=_labels(claimed, why=str(error)))
            return failed(claimed, error.reason, self._world.clock.now())
        except TemporarySendError as error:
            return self._after(claimed, error, error.reason)
        except SendError as error:
            LOG.warning("the provider refused", extra=_labels(claimed, why=str(error)))
            return failed(claimed, error.reason, self._world.clock.now())
        return sent(claimed, provider_id, self._world.clock.now())

    def _after(self, claimed: Notification, error: SendError, reason: str) -> Notification:
        """Put off after a failure that may pass."""
        LOG.warning("a notification waits for another try", extra=_labels(claimed, why=str(error)))
        return self._put_off(claimed, reason, getattr(error, "retry_after_s", None))

    def _put_off(
        self, claimed: Notification, reason: str, asked_for_s: float | None = None
    ) -> Notification:
        return put_off(claimed, reason, self._world.clock.now(), self._patience, asked_for_s)

    def _outgoing(self, claimed: Notification, passage: Passage) -> Outgoing:
        kind, to = Kind(claimed.kind), passage.address
        if claimed.channel == Channel.SMS:
            text = self._renderer.sms(kind, claimed.data)
            return Outgoing(claimed.id, to, text, claimed.created_at)
        mail = self._renderer.mail(kind, passage.account.name, claimed.data, passage.messages)
        return Outgoing(claimed.id, to, mail.text, claimed.created_at, mail.subject, mail.html)

    async def _save(self, outcome: Notification) -> None:
        give_up_at = asyncio.get_running_loop().time() + ANSWER_WITHIN.total_seconds()
        while True:
            try:
                await delivery_log.save(self._world.store, outcome)
            except TemporaryError as error:
                if asyncio.get_running_loop().time() > give_up_at:
                    LOG.error("an outcome is lost", extra=_labels(outcome, why=str(error)))
                    return
                await asyncio.sleep(SAVE_AGAIN_AFTER_S)
            else:
                break
        is_put_off = outcome.state is NotificationState.PENDING
        _OUTCOMES.labels(outcome.channel, "put_off" if is_put_off else outcome.state.value).inc()
        if outcome.state is NotificationState.SENT:
            took = outcome.updated_at - outcome.created_at
            _ON_THE_WAY.labels(outcome.channel).observe(max(0.0, took.total_seconds()))


async def _hand_over(sender: Sender, outgoing: Outgoing) -> str:
    """Send; a defect of ours in the middle of a request says nothing about the request."""
    try:
        return await sender.send(outgoing)
    except SendError:
        raise
    except Exception as error:
        LOG.exception("a sender broke", extra={"notification_id": outgoing.notification_id})
        raise OutcomeUnknownError(reasons.OUTCOME_UNKNOWN, type(error).__name__) from error


def _still_unknown(claimed: Notification) -> str | None:
    """An earlier try's unknown outcome, which this try did not get to ask about."""
    return claimed.reason if claimed.reason == reasons.OUTCOME_UNKNOWN else None


def _labels(notification: Notification, **more: str) -> dict[str, str | int]:
    """What a log line may say of a notification: never its words, never an address."""
    return {
        "notification_id": notification.id,
        "kind": notification.kind,
        "channel": notification.channel,
        "attempts": notification.attempts,
        **more,
    }
