"""The call that makes a connection follow its account's feed by number."""

import asyncio
from typing import Any

from marketplace.actions import feeds
from marketplace.domain.pages import MAX_LIMIT
from marketplace.ports import World, account_room
from marketplace.schemas import views
from marketplace.schemas.account_feed import JoinAccount
from realtime.calls import CallDefinition
from realtime.connections import Connection
from realtime.feeds import AccountFeed
from realtime.rooms import Rooms

# An item was pushed that cannot be read yet: an election has just ended.
RETRY_AFTER_S = 0.05


class AccountCalls:
    """Follow the account's feed from any position."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self._world = world
        self._rooms = rooms

    def calls(self) -> dict[str, CallDefinition]:
        """The calls by their names in the contract."""
        return {
            "join_account": CallDefinition(
                JoinAccount(), self.join, is_reading=True, resumes_from="after_position"
            )
        }

    async def join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Return items up to `position`; numbered pushes begin at position + 1.

        The connection is in the room already, as a listener, and becomes a member. There is no
        `await` between `settle` and the acknowledgement, so what is pushed before it is in it.
        """
        store, account_id = self._world.store, connection.actor.account_id
        room = await self._rooms.enter(
            account_room(account_id), lambda: AccountFeed(store, account_id)
        )
        try:
            while True:
                page = await feeds.read_items(
                    store,
                    account_id,
                    after=payload["after_position"],
                    before=None,
                    epoch=payload["epoch"],
                    limit=MAX_LIMIT,
                )
                is_current = page.epoch == store.epoch.current
                if is_current and room.settle(connection.id, page.position):
                    connection.add_room(room)
                    return views.item_page_view(page)
                await asyncio.sleep(RETRY_AFTER_S)
        finally:
            self._rooms.abandon(room)
