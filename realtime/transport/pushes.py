"""Pushes to connections, and closing them; implements `realtime.ports.Transport`.

A room's push is encoded and framed once; the same bytes are written to every websocket, or wait for
the next poll of a polling session.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from websockets.frames import CloseCode

from realtime.transport.clients import Clients
from realtime.transport.websocket.frames import text_frame
from realtime.transport.websocket.session import WebSocketSession

# Late typing and presence are worthless: they are dropped long before the limit.
EPHEMERAL = frozenset({"typing.updated", "presence.updated"})
# Close codes more specific than "policy violation" (RFC 6455, section 7.4; IANA's registry).
_CLOSE_CODES = {
    "draining": CloseCode.SERVICE_RESTART,
    "too slow": CloseCode.TRY_AGAIN_LATER,
}


class SocketIoTransport:
    """Implements `Transport` for the clients of a Socket.IO server."""

    def __init__(self, clients: Clients) -> None:
        # Sockets whose handshake is answered: an earlier push would overtake the answer.
        self._sockets = clients.sockets

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Encode and frame once, and write the same bytes to each."""
        payload = b"42" + orjson.dumps([name, data])
        frame = text_frame(payload)
        is_ephemeral = name in EPHEMERAL
        find = self._sockets.get
        count = 0
        for connection_id in connection_ids:
            socket = find(connection_id)
            if socket is None:
                continue
            if type(socket) is WebSocketSession:
                count += socket.push(frame, is_ephemeral)
            else:
                count += socket.push(payload, is_ephemeral)
        return count

    def end(self, connection_id: str, reason: str) -> None:
        """Close below Socket.IO.

        Apps reconnect after a closed transport, and do not after a Socket.IO disconnect.
        """
        socket = self._sockets.get(connection_id)
        if isinstance(socket, WebSocketSession):
            socket.end(reason, _CLOSE_CODES.get(reason, CloseCode.POLICY_VIOLATION))
        elif socket is not None:
            socket.end(reason)

    async def drained(self, connection_id: str) -> None:
        """Wait while the app has fallen behind in reading, or until it disconnects."""
        socket = self._sockets.get(connection_id)
        if socket is not None:
            await socket.drained()
