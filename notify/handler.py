"""Handles events: writes the notifications, once, and announces them in the app."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from prometheus_client import Counter

from marketplace.domain.accounts import Account
from marketplace.domain.conversations import Channel
from marketplace.domain.ids import new_id
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.events import Event
from marketplace.ports import Announcement, Repositories, World, account_room
from notify import rules
from notify.delivery_log import log_event, view
from notify.facts import FactFinder
from notify.folding import fold
from notify.rules import POLICIES, Telling

LOG = logging.getLogger(__name__)
GROUP = "notify"
TOPICS = ("matches", "conversations", "rfis")

_CREATED = Counter("parley_notifications_created_total", "Notifications", ["kind", "channel"])


class Handler:
    """Turns events of the topics into notifications; `wake` tells the worker that there are some."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self._world = world
        self._wake = wake
        self._facts = FactFinder(world.store)

    async def handle_batch(self, batch: Sequence[Event]) -> None:
        """Handle events one after the other.

        Raises:
            TemporaryError: MongoDB or Redis is away; the batch is tried again.
        """
        for event in batch:
            await self.handle(event)

    async def handle(self, event: Event) -> None:
        """Write what the event asks for, with its handled-event mark, in one transaction.

        Who is connected has heard in the app, and nothing is written for them: most messages end
        here, after one look into Redis.

        Raises:
            TemporaryError: when MongoDB or Redis is away; the record is tried again.
        """
        found = rules.tellings(event, await self._facts.about(event))
        told = [each for each in found if await self._is_wanted(each)]
        wanted = [made for each in told for made in await self._notifications(event, each)]
        if not wanted:
            return

        async def work(tx: Repositories) -> list[Notification]:
            if not await tx.handled.mark(GROUP, event.id):
                return []
            return [await self._add(tx, event, each) for each in wanted]

        self._tell_of(await self._world.store.transact(work))

    async def _is_wanted(self, telling: Telling) -> bool:
        if not POLICIES[telling.kind].is_for_the_absent:
            return True
        return not await self._world.presence.is_connected(telling.account_id)

    async def _notifications(self, event: Event, telling: Telling) -> list[Notification]:
        """One for each channel that the person can be reached by."""
        store, policy = self._world.store, POLICIES[telling.kind]
        account = await store.accounts.get(telling.account_id)
        rfi = await store.rfis.get(telling.rfi_id)
        if account is None or rfi is None:
            LOG.warning("nobody to tell, or nothing to tell of", extra={"event_id": event.id})
            return []
        now = self._world.clock.now()
        # The title is kept, not looked up when it is sent: a text that is the same in every try is
        # how an SMS is found again at Twilio.
        about = {"title": rfi.title, "category": rfi.category, "rfi_id": rfi.id}
        return [
            Notification(
                id=new_id(),
                event_id=event.id,
                account_id=account.id,
                kind=telling.kind.value,
                channel=channel.value,
                data={**telling.data, **about, "path": telling.path},
                state=NotificationState.PENDING,
                attempts=0,
                due_at=now + timedelta(seconds=policy.delay_s),
                created_at=now,
                updated_at=now,
            )
            for channel in policy.channels
            if _is_reachable(account, channel)
        ]

    async def _add(self, tx: Repositories, event: Event, made: Notification) -> Notification:
        notification = await fold(tx, made)
        is_pending = notification.state is NotificationState.PENDING
        name = "notification.created" if is_pending else "notification.suppressed"
        await tx.notifications.add(notification)
        await tx.outbox.add(log_event(name, notification, event))
        return notification

    def _tell_of(self, added: list[Notification]) -> None:
        for each in added:
            _CREATED.labels(each.kind, each.channel).inc()
            if each.state is NotificationState.PENDING:
                room = account_room(each.account_id)
                self._world.live.announce(Announcement(room, "notification.created", view(each)))
        if added:
            self._wake()


def _is_reachable(account: Account, channel: Channel) -> bool:
    return channel is not Channel.SMS or account.phone is not None
