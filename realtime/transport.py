"""Pushes to connections over any transport, and closing them.

`Transport` is all that rooms and calls know. A room's push is encoded and framed once; the same
bytes are written to every websocket, or wait for the next poll of a polling session.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import orjson
from websockets.frames import CloseCode

from realtime.clients import Clients
from realtime.websocket.frames import text_frame
from realtime.websocket.session import WebSocketSession

# Late typing and presence are worthless: they are dropped long before the limit.
EPHEMERAL = frozenset({"typing.updated", "presence.updated"})
# Close codes more specific than "policy violation" (RFC 6455, section 7.4; IANA's registry).
_CLOSE_CODES = {
    "draining": CloseCode.SERVICE_RESTART,
    "too slow": CloseCode.TRY_AGAIN_LATER,
}


class Transport(Protocol):
    """Pushes to connections, and closes them."""

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Hand an event to each of the connections, in order; returns how many took it."""

    def end(self, connection_id: str, reason: str) -> None:
        """Close a connection in a way that makes the app reconnect."""

    async def drained(self, connection_id: str) -> None:
        """Wait while the app has fallen behind in reading, or until it disconnects."""


class OrJson:
    """orjson in the form that python-engineio expects of a JSON module."""

    JSONDecodeError = orjson.JSONDecodeError

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """JSON text; the separators that the library asks for are the only ones orjson has."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """The value of a JSON text."""
        return orjson.loads(text)


class SocketIoTransport:
    """Implements `Transport` over the clients of a Socket.IO server."""

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
