"""Pushes to connections, however they are connected, and their end.

`Transport` is all that rooms and calls know.  A room's push is encoded and framed once, and the same
bytes are written to every websocket; polling sessions get it as a packet in their queue, which
python-engineio leaves unbounded and which gets its bound here.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import orjson
from engineio import packet as engineio_packet
from websockets.frames import CloseCode

from marketplace import tasks
from realtime.clients import Clients
from realtime.websocket.frames import text_frame
from realtime.websocket.session import CLOSED_SLOW, DROPPED_EPHEMERAL, Session

# What may wait for the next poll, beside the bytes that a websocket may have waiting
# (realtime/websocket/session.py).
MAX_WAITING_PACKETS = 1_000
# Typing and presence are worth nothing late: they are left out long before the bound.
MAX_WAITING_BEFORE_DROPPING = 200
EPHEMERAL = frozenset({"typing.updated", "presence.updated"})
# Close codes that say more than "policy" (RFC 6455, section 7.4; the registry of IANA).
_CLOSE_CODES = {
    "draining": CloseCode.SERVICE_RESTART,
    "too slow": CloseCode.TRY_AGAIN_LATER,
}


class Transport(Protocol):
    """Sends to connections, and ends them."""

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Hand an event to each of the connections, in order; returns to how many."""

    def end(self, connection_id: str, reason: str) -> None:
        """Close a connection so that the app comes back by itself."""


class OrJson:
    """orjson in the form that python-engineio calls a JSON module."""

    JSONDecodeError = orjson.JSONDecodeError

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """JSON text; the separators asked for are orjson's only ones."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """The value in a JSON text."""
        return orjson.loads(text)


async def close_polling(socket: Any) -> None:
    """Close a polling session for good, whether or not its other side agrees.

    `disconnect` of python-engineio waits until all that is queued was read; a client that means ill
    does not read.
    """
    while not socket.queue.empty():  # nobody will read them, and the end must get through
        socket.queue.get_nowait()
        socket.queue.task_done()
    await socket.close(wait=False)
    socket.queue.put_nowait(None)  # the sign for a waiting poll to end


class SocketIoTransport:
    """Implements `Transport` over the clients of a Socket.IO server."""

    def __init__(self, clients: Clients) -> None:
        # Not before the handshake was answered: a push would overtake the answer.
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
            if type(socket) is Session:
                count += socket.push(frame, is_ephemeral)
            else:
                count += self._queue(connection_id, socket, payload, is_ephemeral)
        return count

    def end(self, connection_id: str, reason: str) -> None:
        """Close below Socket.IO: apps reconnect by themselves after a closed transport, and do not
        after a Socket.IO disconnect."""
        socket = self._sockets.get(connection_id)
        if isinstance(socket, Session):
            socket.end(reason, _CLOSE_CODES.get(reason, CloseCode.POLICY_VIOLATION))
        elif socket is not None:
            tasks.keep(close_polling(socket))

    def _queue(self, connection_id: str, socket: Any, payload: bytes, is_ephemeral: bool) -> bool:
        """Let a push wait for the next poll."""
        waiting = socket.queue.qsize()
        if socket.closed:
            return False
        if waiting >= MAX_WAITING_PACKETS:
            CLOSED_SLOW.inc()
            self.end(connection_id, "too slow")
            return False
        if is_ephemeral and waiting >= MAX_WAITING_BEFORE_DROPPING:
            DROPPED_EPHEMERAL.inc()
            return False
        packet = engineio_packet.Packet(engineio_packet.MESSAGE, payload[1:].decode())
        socket.queue.put_nowait(packet)
        return True
