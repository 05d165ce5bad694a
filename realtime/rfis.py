"""The calls about RFI feeds."""

from typing import Any

import orjson

from marketplace.actions import feeds, rfis
from marketplace.domain.feeds import RevisionPage
from marketplace.domain.visibility import View
from marketplace.ports import World, rfi_room
from marketplace.schemas.conversations import JoinRfi, RfiCall
from marketplace.schemas.rfis import RevisionView, RfiView
from realtime.calls import CallDefinition
from realtime.connections import Connection
from realtime.feeds import RfiFeed
from realtime.rooms import Rooms

# An app that is further behind shows the RFI and reads its history over REST.
MAX_CHANGES = 500
MAX_CHANGES_BYTES = 200_000
_RFI, _REVISION = RfiView(), RevisionView()


class RfiCalls:
    """Follow an RFI from any revision."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self._world = world
        self._rooms = rooms

    def calls(self) -> dict[str, CallDefinition]:
        """The calls by their names in the contract."""
        return {
            "join_rfi": CallDefinition(
                JoinRfi(), self.join, is_reading=True, resumes_from="after_revision"
            ),
            "leave_rfi": CallDefinition(RfiCall(), self.leave),
        }

    async def join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Join and return the RFI at `revision` with the changes after `after_revision`.

        With `is_snapshot` there are no changes, and the app replaces its state by the RFI: it asked
        for none, more are missing than fit into an answer, or its number is above the revision or
        of another epoch.
        """
        with connection.reserve_room(rfi_room(payload["rfi_id"])):
            return await self._join(connection, payload)

    async def _join(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        rfi_id = payload["rfi_id"]
        access, epoch = connection.access, self._world.store.epoch
        await rfis.visible_rfi(self._world, connection.actor, rfi_id)
        room = await self._rooms.enter(rfi_room(rfi_id), lambda: RfiFeed(self._world.store, rfi_id))
        try:
            while True:
                access_changes = access.changes
                page = await feeds.read_missed_revisions(
                    self._world,
                    connection.actor,
                    rfi_id,
                    after=payload["after_revision"],
                    epoch=payload["epoch"],
                    limit=MAX_CHANGES,
                )
                if (access_changes, page.epoch) != (access.changes, epoch.current):
                    continue  # its access to the RFI may be gone, or the store was restored
                is_limited = page.rfi.view is View.LIMITED
                if room.settle(connection.id, page.head, is_limited=is_limited):
                    connection.add_room(room)
                    return _written(page)
        finally:
            self._rooms.abandon(room)

    async def leave(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Leave; later changes are not pushed to this connection."""
        name = rfi_room(payload["rfi_id"])
        connection.rooms.discard(name)
        self._rooms.leave(name, connection.id)
        return {}


def _written(page: RevisionPage) -> dict[str, Any]:
    """The acknowledgement; a snapshot if the changes are too large for it."""
    changes = _REVISION.dump(page.revisions, many=True)
    is_snapshot = page.is_snapshot or len(orjson.dumps(changes)) > MAX_CHANGES_BYTES
    return {
        "rfi": _RFI.dump(page.rfi),
        "revision": page.head,
        "changes": [] if is_snapshot else changes,
        "epoch": page.epoch,
        "is_snapshot": is_snapshot,
    }
