"""Which accounts are active here: connected, and a person made a call within the last minute.

Such a call costs one dictionary entry. A background task does the rest for all active accounts at
once every few seconds: it updates Redis and announces the change to the conversations that they
have joined. Idle accounts cost nothing. Nobody is shown as active across a block.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import Signal, SignalName, World, account_room, conversation_room
from marketplace.presence import REFRESH_EVERY_S
from realtime.connections import Connection
from realtime.gateway import Gateway

LOG = get_logger(__name__)
ACTIVE_FOR_S = 60.0
PUBLISH_EVERY_S = 2.0
BLOCKS_PER_QUERY = 200
_ACCOUNT, _CONVERSATION = account_room(""), conversation_room("")


class Activity:
    """The active accounts of this gateway, and the rooms in which each was announced."""

    def __init__(self, world: World, gateway: Gateway, process_name: str) -> None:
        self._world = world
        self._gateway = gateway
        self._process_name = process_name
        self._active_until: dict[str, float] = {}
        self._announced: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def touch(self, connection: Connection) -> None:
        """Record that a person did something."""
        account_id = connection.actor.account_id
        self._active_until[account_id] = asyncio.get_running_loop().time() + ACTIVE_FOR_S
        if account_id not in self._announced:
            self._mark_changed(account_id)

    def joined(self, connection: Connection, *, is_resume: bool) -> None:
        """Record that a conversation was joined; a resume is the app's doing, not the person's."""
        if not is_resume:
            self.touch(connection)
        if connection.actor.account_id in self._announced:
            self._mark_changed(connection.actor.account_id)

    def access_changed(self, signal: Signal) -> None:
        """Recheck an account: one of its conversations may have been blocked or unblocked."""
        account_id = signal.room.removeprefix(_ACCOUNT)
        if account_id in self._announced:
            self._mark_changed(account_id)

    async def publish_for_ever(self) -> None:
        """Announce changes at once, and repeat every announcement every ten seconds."""
        loop = asyncio.get_running_loop()
        publish_all_at = loop.time() + REFRESH_EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PUBLISH_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            changed, self._changed = self._changed, set()
            changed |= {id_ for id_ in self._announced if not self._is_active(id_)}
            if loop.time() >= publish_all_at:
                publish_all_at = loop.time() + REFRESH_EVERY_S
                changed |= self._announced.keys()
            try:
                await self._publish(changed)
            except TemporaryError as error:
                # Announce nothing on a guess: an announcement that is not repeated expires.
                LOG.warning("could not publish activity", why=str(error))
                await asyncio.sleep(PUBLISH_EVERY_S)

    async def _publish(self, accounts: set[str]) -> None:
        active = {id_ for id_ in accounts if self._is_active(id_)}
        rooms = {id_: self._joined_rooms(id_) if id_ in active else set() for id_ in accounts}
        blocked = await self._blocked(set().union(*rooms.values()))
        if active:
            await self._world.presence.active(*active)
        if accounts - active:
            await self._world.presence.inactive(*accounts - active)
        for account_id, joined in rooms.items():
            self._announce(account_id, joined - blocked)
        for account_id in accounts - active:
            # If it was touched meanwhile, its next call announces it again.
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
        connections = self._gateway.connections(account_id)
        rooms = (room for connection in connections for room in connection.rooms)
        return {room for room in rooms if room.startswith(_CONVERSATION)}

    async def _blocked(self, rooms: Iterable[str]) -> set[str]:
        """Return those of the rooms whose conversation is blocked."""
        ids = [room.removeprefix(_CONVERSATION) for room in rooms]
        blocked = set[str]()
        for start in range(0, len(ids), BLOCKS_PER_QUERY):
            batch = ids[start : start + BLOCKS_PER_QUERY]
            blocked |= (await self._world.store.conversations.blocks(batch)).keys()
        return {conversation_room(id_) for id_ in blocked}

    def _mark_changed(self, account_id: str) -> None:
        self._changed.add(account_id)
        self._wake.set()
