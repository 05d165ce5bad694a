"""Who does something here: an account is active for a minute behind its last call, while connected.

A call that a person causes costs one entry in a dictionary.  The rest is done for those who are
active, in one go every few seconds: Redis is told, and the conversations that they have joined.
Whoever is idle costs nothing.  Across a block nobody is shown.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from marketplace.errors import TemporaryError
from marketplace.ports import Signal, SignalName, World, account_room, conversation_room
from marketplace.presence import REFRESH_EVERY_S
from realtime.connections import Connection
from realtime.gateway import Gateway

LOG = logging.getLogger(__name__)
ACTIVE_FOR_S = 60.0
PUBLISH_EVERY_S = 2.0
BLOCKS_PER_QUERY = 200
_ACCOUNT, _CONVERSATION = account_room(""), conversation_room("")


class Activity:
    """The active accounts of this gateway, and the conversations that were told of them."""

    def __init__(self, world: World, gateway: Gateway, process_name: str) -> None:
        self._world = world
        self._gateway = gateway
        self._process_name = process_name
        self._active_until: dict[str, float] = {}
        self._announced: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def touch(self, connection: Connection) -> None:
        """A person did something."""
        account_id = connection.actor.account_id
        self._active_until[account_id] = asyncio.get_running_loop().time() + ACTIVE_FOR_S
        if account_id not in self._announced:
            self._mark_changed(account_id)

    def joined(self, connection: Connection, *, is_resume: bool) -> None:
        """A conversation was joined; a resume is the app's doing and not the person's."""
        if not is_resume:
            self.touch(connection)
        if connection.actor.account_id in self._announced:
            self._mark_changed(connection.actor.account_id)

    def access_changed(self, signal: Signal) -> None:
        """A conversation of an account may be blocked now, or open again."""
        account_id = signal.room.removeprefix(_ACCOUNT)
        if account_id in self._announced:
            self._mark_changed(account_id)

    async def publish_for_ever(self) -> None:
        """Tell what has changed at once, and everything again every ten seconds."""
        loop = asyncio.get_running_loop()
        publish_all_at = loop.time() + REFRESH_EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PUBLISH_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            changed |= {each for each in self._announced if not self._is_active(each)}
            if loop.time() >= publish_all_at:
                publish_all_at = loop.time() + REFRESH_EVERY_S
                changed |= self._announced.keys()
            try:
                await self._publish(changed)
            except TemporaryError as error:
                # Nobody is shown on a guess: what is not told again is over by itself.
                LOG.warning("activity is not told", extra={"why": str(error)})
                await asyncio.sleep(PUBLISH_EVERY_S)

    async def _publish(self, accounts: set[str]) -> None:
        active = {each for each in accounts if self._is_active(each)}
        rooms = {each: self._joined_rooms(each) if each in active else set() for each in accounts}
        blocked = await self._blocked(set().union(*rooms.values()))
        if active:
            await self._world.presence.active(*active)
        if accounts - active:
            await self._world.presence.inactive(*accounts - active)
        for account_id, joined in rooms.items():
            self._announce(account_id, joined - blocked)
        for account_id in accounts - active:
            # Touched meanwhile, it is told anew with the next call.
            self._announced.pop(account_id, None)
            self._active_until.pop(account_id, None)

    def _announce(self, account_id: str, rooms: set[str]) -> None:
        departed = self._announced.get(account_id, set()) - rooms
        self._announced[account_id] = rooms
        for room in rooms | departed:
            is_active = room in rooms
            data = {"account_id": account_id, "at": self._process_name, "is_active": is_active}
            self._world.live.signal(Signal(room, SignalName.ACTIVITY, data))

    def _is_active(self, account_id: str) -> bool:
        is_recent = self._active_until.get(account_id, 0.0) > asyncio.get_running_loop().time()
        return is_recent and bool(self._gateway.connections(account_id))

    def _joined_rooms(self, account_id: str) -> set[str]:
        rooms = (room for each in self._gateway.connections(account_id) for room in each.rooms)
        return {each for each in rooms if each.startswith(_CONVERSATION)}

    async def _blocked(self, rooms: Iterable[str]) -> set[str]:
        """The rooms of blocked conversations among these."""
        ids = [each.removeprefix(_CONVERSATION) for each in rooms]
        blocked = set[str]()
        for start in range(0, len(ids), BLOCKS_PER_QUERY):
            batch = ids[start : start + BLOCKS_PER_QUERY]
            blocked |= (await self._world.store.conversations.blocks(batch)).keys()
        return {conversation_room(each) for each in blocked}

    def _mark_changed(self, account_id: str) -> None:
        self._changed.add(account_id)
        self._wake.set()
