"""Out of the room at once: who may no longer see an RFI is taken out of its feed on every gateway.

An action that takes something away announces so to the account's room, which every gateway with an
app of the account hears.  Redis may lose that, so each gateway also asks the store about all its
vendors every few seconds.  Both ways end in the same question to the store: an announcement says
when to ask, never what is true.
"""

import asyncio
import logging

from marketplace.actions import memberships
from marketplace.domain.accounts import Role
from marketplace.errors import TemporaryError
from marketplace.ports import Signal, World, account_room, rfi_room
from realtime.connections import Connection
from realtime.gateway import Gateway
from realtime.rooms import Rooms
from realtime.transport import Transport

LOG = logging.getLogger(__name__)
CHECK_EVERY_S = 5.0
_ACCOUNT, _RFI = account_room(""), rfi_room("")


class Memberships:
    """The rooms of this gateway's connections, held against what their accounts may see."""

    def __init__(self, world: World, gateway: Gateway, rooms: Rooms, transport: Transport) -> None:
        self._world = world
        self._gateway = gateway
        self._rooms = rooms
        self._transport = transport
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def access_changed(self, signal: Signal) -> None:
        """Have the account of a room looked at; what its connections know is forgotten at once."""
        account_id = signal.room.removeprefix(_ACCOUNT)
        for connection in self._gateway.connections(account_id):
            connection.forget_access()
        self._changed.add(account_id)
        self._wake.set()

    async def check_for_ever(self) -> None:
        """Look at changed accounts when they are told, and at all every few seconds."""
        loop = asyncio.get_running_loop()
        check_all_at = loop.time() + CHECK_EVERY_S
        while True:
            try:
                async with asyncio.timeout_at(check_all_at):
                    await self._wake.wait()
                self._wake.clear()
                changed, self._changed = self._changed, set()
                due = [each for one in changed for each in self._gateway.connections(one)]
            except TimeoutError:
                check_all_at = loop.time() + CHECK_EVERY_S
                due = self._gateway.connections()
            try:
                await self.check(due)
            except TemporaryError as error:
                LOG.warning("memberships are not checked", extra={"why": str(error)})

    async def check(self, connections: list[Connection]) -> None:
        """Take connections out of the feeds that they may no longer follow.

        Raises:
            TemporaryError: when the store is away; nothing is taken from anybody on a guess.
        """
        vendors = [each for each in connections if each.actor.role is Role.VENDOR]
        joined = {each.id: _rfis(each) for each in vendors}
        losses = await memberships.lost_access(
            self._world,
            {each.actor.account_id for each in vendors},
            {(rfi, each.actor.account_id) for each in vendors for rfi in joined[each.id]},
        )
        for each in vendors:
            account_id = each.actor.account_id
            if account_id in losses.suspended and each.may_write:
                each.forget_access()
            for rfi in joined[each.id]:
                reason = losses.rfis.get((rfi, account_id))
                if reason is not None:
                    self._remove(each, rfi_room(rfi), reason)
                else:
                    is_limited = (rfi, account_id) in losses.limited
                    self._rooms.limit(rfi_room(rfi), each.id, is_limited=is_limited)

    def _remove(self, connection: Connection, room: str, reason: str) -> None:
        if room in connection.rooms:
            connection.rooms.discard(room)
            data = {"room": room, "reason": reason}
            self._transport.push([connection.id], "room.left", data)
            self._rooms.leave(room, connection.id)


def _rfis(connection: Connection) -> list[str]:
    return [each.removeprefix(_RFI) for each in connection.rooms if each.startswith(_RFI)]
