"""The calls about RFI feeds."""

from typing import Any

from marketplace.actions import rfis
from marketplace.ports import World, rfi_room
from marketplace.schemas.conversations import JoinRfi, RfiCall
from marketplace.schemas.rfis import RevisionView, RfiView
from realtime.calls import Call
from realtime.feeds import RfiFeed
from realtime.gateway import Connection
from realtime.rooms import Rooms

_RFI, _REVISION = RfiView(), RevisionView()


class RfiCalls:
    """Follow an RFI from any revision on."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self._world = world
        self._rooms = rooms

    def calls(self) -> dict[str, Call]:
        """The calls by their names in the contract."""
        return {
            "join_rfi": Call(JoinRfi(), self.join),
            "leave_rfi": Call(RfiCall(), self.leave),
        }

    async def join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Join and return the RFI at `revision` with the changes behind `after_revision`.

        Without `after_revision` there are no changes in the answer: the RFI itself is the snapshot.
        """
        rfi_id, after = payload["rfi_id"], payload["after_revision"]
        await rfis.visible_rfi(self._world, connection.actor, rfi_id)
        name = rfi_room(rfi_id)
        connection.require_room_left(name)
        room = await self._rooms.enter(name, lambda: RfiFeed(self._world.store, rfi_id))
        try:
            while True:
                asked_at = connection.access_changes
                rfi = await rfis.visible_rfi(self._world, connection.actor, rfi_id)
                changes = [] if after is None else await self._changes(rfi_id, after, rfi.revision)
                if asked_at != connection.access_changes:
                    continue  # what lets it see the RFI may be over
                if room.settle(connection.id, rfi.revision):
                    connection.note(room)
                    return {
                        "rfi": _RFI.dump(rfi),
                        "revision": rfi.revision,
                        "changes": _REVISION.dump(changes, many=True),
                    }
        finally:
            await self._rooms.abandon(room)

    async def leave(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Leave; later changes are not pushed to this connection."""
        name = rfi_room(payload["rfi_id"])
        connection.rooms.discard(name)
        await self._rooms.leave(name, connection.id)
        return {}

    async def _changes(self, rfi_id: str, after: int, up_to: int) -> list[Any]:
        found = await self._world.store.rfis.revisions(rfi_id, after)
        return [each for each in found if each.revision <= up_to]
