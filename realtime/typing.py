"""Who is typing. Every typing state expires, so a vanished app leaves nobody typing for ever."""

import asyncio

from marketplace.ports import Announcement, Live, conversation_room
from realtime.connections import Connection

# Apps repeat it every few seconds while the person types.
TTL_S = 6.0


class Typing:
    """The typing participants on this gateway's connections."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def start(self, connection: Connection, conversation_id: str) -> None:
        """Announce that somebody is typing, for the next six seconds."""
        key = (connection.actor.account_id, conversation_id)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(TTL_S, self.stop, connection, conversation_id)
        self._announce(*key, is_typing=True)

    def stop(self, connection: Connection, conversation_id: str) -> None:
        """Announce that somebody has stopped typing, if they were."""
        key = (connection.actor.account_id, conversation_id)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
            self._announce(*key, is_typing=False)

    def _announce(self, account_id: str, conversation_id: str, *, is_typing: bool) -> None:
        data = {
            "conversation_id": conversation_id,
            "account_id": account_id,
            "is_typing": is_typing,
        }
        self._live.announce(
            Announcement(conversation_room(conversation_id), "typing.updated", data)
        )
