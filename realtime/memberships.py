"""Removes connections from the rooms of RFIs that their account may no longer see.

An action that takes access away announces it to the account's room, which every gateway with an app
of the account receives. Redis may lose the announcement, so each gateway also queries the store for
all its vendors every few seconds. Both paths end in the same query: an announcement says when to
query, never what is true.
"""

import asyncio

from marketplace.actions import memberships
from marketplace.domain.accounts import Role
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.ports import Signal, World, account_room, rfi_room
from realtime.connections import Connection
from realtime.gateway import Gateway
from realtime.ports import Transport
from realtime.rooms import Rooms

LOG = get_logger(__name__)
CHECK_EVERY_S = 5.0
_ACCOUNT, _RFI = account_room(""), rfi_room("")


class Memberships:
    """Checks the rooms of this gateway's connections against what their accounts may see."""

    def __init__(self, world: World, gateway: Gateway, rooms: Rooms, transport: Transport) -> None:
        self._world = world
        self._gateway = gateway
        self._rooms = rooms
        self._transport = transport
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def access_changed(self, signal: Signal) -> None:
        """Have an account rechecked; what its connections have cached is discarded at once."""
        account_id = signal.room.removeprefix(_ACCOUNT)
        for connection in self._gateway.connections(account_id):
            connection.access.forget()
        self._changed.add(account_id)
        self._wake.set()

    async def check_for_ever(self) -> None:
        """Check changed accounts when they are announced, and all of them every few seconds."""
        loop = asyncio.get_running_loop()
        check_all_at = loop.time() + CHECK_EVERY_S
        while True:
            try:
                async with asyncio.timeout_at(check_all_at):
                    await self._wake.wait()
                self._wake.clear()
                changed, self._changed = self._changed, set()
                due = [
                    connection
                    for account_id in changed
                    for connection in self._gateway.connections(account_id)
                ]
            except TimeoutError:
                check_all_at = loop.time() + CHECK_EVERY_S
                due = self._gateway.connections()
            try:
                await self.check(due)
            except TemporaryError as error:
                LOG.warning("could not check memberships", why=str(error))

    async def check(self, connections: list[Connection]) -> None:
        """Remove connections from the feeds that they may no longer follow.

        Raises:
            TemporaryError: the store is unreachable; no access is taken away on a guess.
        """
        vendors = [connection for connection in connections if connection.actor.role is Role.VENDOR]
        joined = {vendor.id: _rfis(vendor) for vendor in vendors}
        losses = await memberships.lost_access(
            self._world,
            {vendor.actor.account_id for vendor in vendors},
            {(rfi, vendor.actor.account_id) for vendor in vendors for rfi in joined[vendor.id]},
        )
        for vendor in vendors:
            account_id = vendor.actor.account_id
            if account_id in losses.suspended and vendor.access.may_write:
                vendor.access.forget()
            for rfi in joined[vendor.id]:
                reason = losses.rfis.get((rfi, account_id))
                if reason is not None:
                    self._remove(vendor, rfi_room(rfi), reason)
                else:
                    is_limited = (rfi, account_id) in losses.limited
                    self._rooms.limit(rfi_room(rfi), vendor.id, is_limited=is_limited)

    def _remove(self, connection: Connection, room: str, reason: str) -> None:
        if room in connection.rooms:
            connection.rooms.discard(room)
            data = {"room": room, "reason": reason}
            self._transport.push([connection.id], "room.left", data)
            self._rooms.leave(room, connection.id)


def _rfis(connection: Connection) -> list[str]:
    return [room.removeprefix(_RFI) for room in connection.rooms if room.startswith(_RFI)]
