"""Which people are shown as active in the rooms of this gateway; changes are `presence.updated`.

The gateway at which a person is active repeats its announcement every ten seconds. A gateway that
shows the person stores an expiry time 25 s ahead, so that after a crash nobody has to announce the
end.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping

from marketplace.errors import TemporaryError
from marketplace.ports import Announcement, Signal, World
from marketplace.presence import TTL_S
from realtime.rooms import Rooms

SWEEP_EVERY_S = 2.0
# Redis answers in a millisecond; without it, a join succeeds and shows nobody as active.
ANSWERED_WITHIN_S = 0.5


class RoomPresence:
    """(room, account) → the gateways at which the person is active, each with its expiry time."""

    def __init__(self, world: World, rooms: Rooms) -> None:
        self._world = world
        self._rooms = rooms
        self._shown: dict[tuple[str, str], dict[str, float]] = {}

    def receive(self, signal: Signal) -> None:
        """Apply a gateway's announcement about a person in a conversation."""
        account_id, gateway_name = signal.data["account_id"], signal.data["at"]
        if signal.data["is_active"]:
            self._show(signal.room, account_id, [gateway_name])
            return
        gateways = self._shown.get((signal.room, account_id), {})
        if gateways.pop(gateway_name, None) is not None and not gateways:
            self._end(signal.room, account_id)

    async def look_up(self, account_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Where these people are active, for a join; empty while Redis is unreachable."""
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                return await self._world.presence.active_at(list(account_ids))
        except (TemporaryError, TimeoutError):
            return {}

    def show(self, room: str, active: Mapping[str, frozenset[str]]) -> None:
        """Show what was looked up, in a room that may have missed earlier announcements."""
        for account_id, gateways in active.items():
            self._show(room, account_id, gateways)

    def is_active(self, room: str, account_id: str) -> bool:
        """Whether the members of the room see the person as active."""
        return (room, account_id) in self._shown

    async def sweep_for_ever(self) -> None:
        """Expire what was not announced again."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            now = asyncio.get_running_loop().time()
            for (room, account_id), gateways in list(self._shown.items()):
                for gateway_name in [
                    gateway_name for gateway_name, until in gateways.items() if until <= now
                ]:
                    del gateways[gateway_name]
                if not gateways:
                    self._end(room, account_id)

    def _show(self, room: str, account_id: str, gateways: Iterable[str]) -> None:
        is_new = not self.is_active(room, account_id)
        until = asyncio.get_running_loop().time() + TTL_S
        self._shown.setdefault((room, account_id), {}).update(dict.fromkeys(gateways, until))
        if is_new:
            self._push(room, account_id, is_active=True)

    def _end(self, room: str, account_id: str) -> None:
        del self._shown[room, account_id]
        self._push(room, account_id, is_active=False)

    def _push(self, room: str, account_id: str, *, is_active: bool) -> None:
        data = {
            "conversation_id": room.partition(":")[2],
            "account_id": account_id,
            "is_active": is_active,
        }
        self._rooms.receive(Announcement(room, "presence.updated", data))
