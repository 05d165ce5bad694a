"""The calls about RFI feeds."""

from typing import Any

import orjson

from marketplace.actions import feeds, rfis
from marketplace.domain.visibility import SeenRfi, View
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
        await rfis.visible_rfi(self._world, connection.actor, rfi_id)
        room = await self._rooms.enter(rfi_room(rfi_id), lambda: RfiFeed(self._world.store, rfi_id))
        try:
            while True:
                access_version, epoch = connection.access_changes, self._world.store.epoch.current
                rfi = await rfis.visible_rfi(self._world, connection.actor, rfi_id)
                follows = not feeds.is_other(payload["epoch"], epoch)
                changes = await self._changes(rfi, payload["after_revision"] if follows else None)
                if (access_version, epoch) != (
                    connection.access_changes,
                    self._world.store.epoch.current,
                ):
                    continue  # its access to the RFI may be gone, or the store was restored
                is_limited = rfi.view is View.LIMITED
                if room.settle(connection.id, rfi.revision, is_limited=is_limited):
                    connection.add_room(room)
                    return {
                        "rfi": _RFI.dump(rfi),
                        "revision": rfi.revision,
                        "changes": changes or [],
                        "epoch": epoch,
                        "is_snapshot": changes is None,
                    }
        finally:
            self._rooms.abandon(room)

    async def leave(self, connection: Connection, payload: dict[str, Any]) -> dict[str, Any]:
        """Leave; later changes are not pushed to this connection."""
        name = rfi_room(payload["rfi_id"])
        connection.rooms.discard(name)
        self._rooms.leave(name, connection.id)
        return {}

    async def _changes(self, rfi: SeenRfi, after: int | None) -> list[dict[str, Any]] | None:
        """The changes after a revision up to the RFI's own; None if any of them is unavailable."""
        up_to = rfi.revision
        if after is None or not 0 <= up_to - after <= MAX_CHANGES:
            return None
        revisions = await rfis.revisions_of(self._world, rfi, after, MAX_CHANGES)
        changes = [change for change in revisions if change.revision <= up_to]
        begin = after + 1
        if rfi.view is not View.OWN and changes and changes[0].cause == "submitted":
            begin = changes[0].revision  # earlier revisions are visible to the customer only
        if len(changes) != up_to - begin + 1:
            return None
        views: list[dict[str, Any]] = _REVISION.dump(changes, many=True)
        return views if len(orjson.dumps(views)) <= MAX_CHANGES_BYTES else None
