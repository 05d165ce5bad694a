"""Handles events about RFIs and matches: writes the notifications, once, and announces them in the app.

Chat messages have a lane of their own (digests.py), so that these never wait for them.
"""

from collections.abc import Callable, Sequence

from marketplace.domain.notifications import Notification
from marketplace.events import Event
from marketplace.ports import Repositories, World
from notify import rules
from notify.delivery_log import log_event
from notify.drafts import Drafts
from notify.facts import FactFinder
from notify.rules import POLICIES, Telling

GROUP = "notify"
URGENT_TOPICS = ("matches", "rfis")


class Handler:
    """Turns events of the topics into notifications; `wake` tells the worker that there are some."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self._world = world
        self._wake = wake
        self._facts = FactFinder(world.store)
        self._drafts = Drafts(world)

    async def handle_batch(self, batch: Sequence[Event]) -> None:
        """Handle events one after the other.

        Raises:
            TemporaryError: MongoDB or Redis is away; the batch is tried again.
        """
        for event in batch:
            await self.handle(event)

    async def handle(self, event: Event) -> None:
        """Write what the event asks for, with its handled-event mark, in one transaction.

        Raises:
            TemporaryError: MongoDB or Redis is away.
        """
        found = rules.tellings(event, await self._facts.about(event))
        told = [telling for telling in found if await self._is_wanted(telling)]
        wanted = [draft for telling in told for draft in await self._drafts.of(event, telling)]
        if not wanted:
            return

        async def work(tx: Repositories) -> list[Notification]:
            if not await tx.handled.mark(GROUP, event.id):
                return []
            await tx.notifications.add_many(wanted)
            await tx.outbox.add_many(
                [log_event("notification.created", draft, event) for draft in wanted]
            )
            return wanted

        written = await self._world.store.transact(work)
        self._drafts.announce(written)
        if written:
            self._wake()

    async def _is_wanted(self, telling: Telling) -> bool:
        if not POLICIES[telling.kind].is_for_the_absent:
            return True
        return not await self._world.presence.is_connected(telling.account_id)
