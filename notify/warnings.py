"""Warns the person who is waited for, before the waiting ends.

A warning has no event: its timer is the cause, and the notification is written in the transaction
that finishes the timer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace import tracing
from marketplace.actions import account_feed
from marketplace.actions.offers import is_answered
from marketplace.domain import lifetimes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.lifetimes import Wait
from marketplace.domain.rfis import RfiState
from marketplace.domain.timers import Timer, TimerKind, timer
from marketplace.links import Link
from marketplace.ports import Repositories, World
from notify.delivery_log import log_event
from notify.drafts import Drafts
from notify.handler import GROUP
from notify.rules import Intent, NotificationKind

WARNING_KINDS = (
    TimerKind.RFI_WARNING,
    TimerKind.OFFER_WARNING,
    TimerKind.ANSWER_WARNING,
    TimerKind.DOCUMENT_WARNING,
)
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class _Warning:
    """What is about to expire, and whom to tell."""

    wait: Wait
    intent: Intent


@dataclass(frozen=True, slots=True)
class _Moment:
    """The cause of a warning, in place of an event."""

    id: str
    traceparent: str | None
    correlation_id: str | None = None


class Warnings:
    """Handles the timers of warnings; `wake` tells the worker about new notifications."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self._world = world
        self._wake = wake
        self._drafts = Drafts(world)

    async def handle(self, due: Timer) -> bool:
        """Write the warning that the timer is about, unless nothing is waited for any more.

        Returns whether it was written.

        Raises:
            TemporaryError: MongoDB is unavailable.
        """
        warning, now = await self._warning(due), self._world.clock.now()
        if warning is None or not warning.wait.warned_at <= now < warning.wait.until:
            await self._world.store.transact(lambda tx: _finish(tx, due, warning, now))
            return False
        moment = _Moment(_moment_id(due, warning.wait), tracing.traceparent())
        drafts = await self._drafts.of(moment, warning.intent)

        async def work(tx: Repositories) -> list[FeedItem]:
            if not await tx.timers.finish(due) or not await tx.handled.mark(GROUP, moment.id):
                return []
            if drafts:
                await tx.notifications.add_many(drafts)
                created = [log_event("notification.created", draft) for draft in drafts]
                await tx.outbox.add_many(created)
            return await tx.feed.append(account_feed.notification_items(drafts))

        items = await self._world.store.transact(work)
        if items:
            await self._drafts.announce(drafts, items)
            self._wake()
        return bool(items)

    async def _warning(self, due: Timer) -> _Warning | None:
        if due.kind is TimerKind.RFI_WARNING:
            return await self._of_rfi(due.subject_id)
        if due.kind is TimerKind.DOCUMENT_WARNING:
            return await self._of_document(due.subject_id)
        return await self._of_match(due)

    async def _of_rfi(self, rfi_id: str) -> _Warning | None:
        rfi = await self._world.store.rfis.get(rfi_id)
        wait = lifetimes.rfi_wait(rfi, self._world.policy) if rfi is not None else None
        if rfi is None or wait is None:
            return None
        data = {"left_s": self._left_s(wait), "is_draft": rfi.state is RfiState.DRAFT}
        kind, path = NotificationKind.RFI_EXPIRING, Link.RFI.path(rfi.id)
        return _Warning(wait, Intent(kind, rfi.customer_id, rfi.id, path, data))

    async def _of_match(self, due: Timer) -> _Warning | None:
        """A warning to the vendor, if the match still waits for what the timer is about."""
        store, policy = self._world.store, self._world.policy
        match = await store.matches.get(due.subject_id)
        if match is None or await is_answered(store, match):
            return None
        wait = lifetimes.match_wait(match, policy)
        kinds = {expected.kind for expected in lifetimes.timers_of_match(match, policy)}
        if wait is None or due.kind not in kinds:
            return None
        kind, path = NotificationKind.OFFER_EXPIRING, Link.RFI.path(match.rfi_id)
        if match.conversation_id is not None:
            kind, path = (
                NotificationKind.ANSWER_EXPIRING,
                Link.CONVERSATION.path(match.conversation_id),
            )
        data = {"left_s": self._left_s(wait)}
        return _Warning(wait, Intent(kind, match.vendor_id, match.rfi_id, path, data))

    async def _of_document(self, document_id: str) -> _Warning | None:
        document = await self._world.store.vendor_documents.get(document_id)
        wait = lifetimes.document_wait(document) if document is not None else None
        if document is None or wait is None:
            return None
        data = {"left_s": self._left_s(wait), "document_type": document.type.value}
        kind, path = NotificationKind.DOCUMENT_EXPIRING, Link.START.path()
        return _Warning(wait, Intent(kind, document.vendor_id, None, path, data))

    def _left_s(self, wait: Wait) -> int:
        return round((wait.until - self._world.clock.now()).total_seconds())


async def _finish(tx: Repositories, due: Timer, warning: _Warning | None, now: datetime) -> None:
    """Finish a timer without a warning; one that came too early is set for its new moment."""
    if not await tx.timers.finish(due):
        return
    if warning is not None and warning.wait.warned_at > now:
        await tx.timers.set_many([timer(due.kind, due.subject_id, warning.wait.warned_at)])


def _moment_id(due: Timer, wait: Wait) -> str:
    """One for each moment of expiry, so that nobody is warned of it twice."""
    return f"{due.kind}-{due.subject_id}-{(wait.until - _EPOCH) // _MILLISECOND}"
