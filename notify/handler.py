"""Handles events about RFIs, matches and vendors: writes the notifications once and announces them to apps.

Chat messages have a consumer of their own (digests.py), so that these events never wait for them.
"""

from collections.abc import Callable, Sequence

from marketplace.actions import account_feed
from marketplace.domain.account_feed import FeedItem
from marketplace.events import Event
from marketplace.ports import Repositories, World
from notify import rules
from notify.delivery_log import log_event
from notify.drafts import Drafts
from notify.facts import FactFinder
from notify.rules import POLICIES, Intent

GROUP = "notify"
URGENT_TOPICS = ("matches", "rfis", "vendors")


class Handler:
    """Turns the topics' events into notifications; `wake` tells the worker about new ones."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self._world = world
        self._wake = wake
        self._facts = FactFinder(world.store)
        self._drafts = Drafts(world)

    async def handle_batch(self, batch: Sequence[Event]) -> None:
        """Handle events one after the other.

        Raises:
            TemporaryError: MongoDB or Redis is unavailable; the batch is retried.
        """
        for event in batch:
            await self.handle(event)

    async def handle(self, event: Event) -> None:
        """Write the event's notifications and its handled-event mark in one transaction.

        Raises:
            TemporaryError: MongoDB or Redis is unavailable.
        """
        found = rules.intents(event, await self._facts.about(event))
        wanted = [intent for intent in found if await self._is_wanted(intent)]
        drafts = [draft for intent in wanted for draft in await self._drafts.of(event, intent)]
        if not drafts:
            return

        async def work(tx: Repositories) -> list[FeedItem]:
            if not await tx.handled.mark(GROUP, event.id):
                return []
            await tx.notifications.add_many(drafts)
            await tx.outbox.add_many([log_event("notification.created", draft) for draft in drafts])
            return await tx.feed.append(account_feed.notification_items(drafts))

        items = await self._world.store.transact(work)
        if items:
            await self._drafts.announce(drafts, items)
            self._wake()

    async def _is_wanted(self, intent: Intent) -> bool:
        if not POLICIES[intent.kind].is_for_the_absent:
            return True
        return not await self._world.presence.is_connected(intent.account_id)
