"""Builds notifications, and announces them to apps once they are written."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from prometheus_client import Counter

from marketplace.actions import account_feed
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.ids import new_id
from marketplace.logs import get_logger
from marketplace.ports import World
from notify.rules import POLICIES, Intent

LOG = get_logger(__name__)

_CREATED = Counter(
    "parley_notifications_created_total", "Created notifications", ["kind", "channel"]
)


class Cause(Protocol):
    """What a notification is about: an event, or the moment of a timer.

    Its id is the same in every attempt to handle it.
    """

    @property
    def id(self) -> str: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def traceparent(self) -> str | None: ...


class Drafts:
    """Builds notifications from intents, and announces those that were written."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def of(self, cause: Cause, intent: Intent) -> list[Notification]:
        """One notification for each channel by which the person can be reached.

        Raises:
            TemporaryError: the store is unavailable.
        """
        store, policy = self._world.store, POLICIES[intent.kind]
        account = await store.accounts.get(intent.account_id)
        about = await self._about(intent)
        if account is None or about is None:
            LOG.warning("the account or the RFI does not exist", event_id=cause.id)
            return []
        now = self._world.clock.now()
        return [
            Notification(
                id=new_id(),
                event_id=cause.id,
                account_id=account.id,
                kind=intent.kind.value,
                channel=channel.value,
                data={**intent.data, **about, "path": intent.path},
                state=NotificationState.PENDING,
                attempts=0,
                due_at=now + timedelta(seconds=policy.delay_s),
                created_at=now,
                updated_at=now,
                correlation_id=cause.correlation_id,
                traceparent=cause.traceparent,
            )
            for channel in policy.channels
            if _is_reachable(account, channel)
        ]

    async def _about(self, intent: Intent) -> dict[str, Any] | None:
        """What the texts say about the intent's RFI; None if it does not exist.

        The title is stored now rather than read when the notification is sent: Twilio finds an
        earlier SMS by its text, which must be the same in every try.
        """
        if intent.rfi_id is None:
            return {}
        rfi = await self._world.store.rfis.get(intent.rfi_id)
        if rfi is None:
            return None
        return {"title": rfi.title, "category": rfi.category, "rfi_id": rfi.id}

    async def announce(self, written: Iterable[Notification], items: Sequence[FeedItem]) -> None:
        """Push the items about written notifications, and count the notifications."""
        traces = {}
        for notification, item in zip(written, items, strict=True):
            _CREATED.labels(notification.kind, notification.channel).inc()
            traces[item.id] = notification.traceparent
        await account_feed.tell(self._world, items, traces)


def _is_reachable(account: Account, channel: Channel) -> bool:
    return channel is not Channel.SMS or account.phone is not None
