"""python-socketio behind the few verbs that rooms and calls are written against.

`Transport` is all they know.  The implementation here puts a room's push straight into each
connection's queue: the packet is encoded once for all members, where python-socketio's own `emit`
makes a task and an encoding for each.  The queue, which python-engineio leaves unbounded, gets its
bound here: a reader that stops reading has its connection closed and resumes by number.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import orjson
import socketio
from engineio import packet as engineio_packet
from prometheus_client import Counter

# A phone on a slow network drains some 50 packets a second; behind 1,000 it will not catch up
# before it would have resumed by number.
MAX_WAITING_PACKETS = 1_000
# Typing and presence are worth nothing late: they are left out long before the bound.
MAX_WAITING_BEFORE_DROPPING = 200
EPHEMERAL = frozenset({"typing.updated", "presence.updated"})

_DROPPED = Counter("parley_pushes_dropped_total", "Pushes not delivered", ["reason"])
_CLOSED_SLOW = Counter("parley_slow_readers_closed_total", "Connections closed as too slow")


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


async def close(server: "socketio.AsyncServer", eio_sid: str) -> None:
    """Close an Engine.IO session for good, whether or not its other side agrees.

    `disconnect` of python-engineio waits until all that is queued was read, and leaves the closing
    of a websocket to the client; one that means ill does neither.
    """
    socket = server.eio.sockets.get(eio_sid)
    if socket is None:
        return
    while not socket.queue.empty():  # nobody will read them, and the end must get through
        socket.queue.get_nowait()
        socket.queue.task_done()
    await socket.close(wait=False)
    socket.queue.put_nowait(None)  # the sign for the writer, or for a waiting poll, to end


class SocketIoTransport:
    """Implements `Transport` on a python-socketio server."""

    def __init__(self, server: "socketio.AsyncServer") -> None:
        self._server = server
        self._ending: set[asyncio.Task[None]] = set()

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Encode once and put the packet into each connection's queue."""
        encoded = "2" + orjson.dumps([name, data]).decode()
        packet = engineio_packet.Packet(engineio_packet.MESSAGE, encoded)
        count = 0
        for connection_id in list(connection_ids):
            socket = self._socket(connection_id)
            if socket is None or socket.closed:
                continue
            waiting = socket.queue.qsize()
            if waiting >= MAX_WAITING_PACKETS:
                _CLOSED_SLOW.inc()
                self.end(connection_id, "too slow")
            elif name in EPHEMERAL and waiting >= MAX_WAITING_BEFORE_DROPPING:
                _DROPPED.labels("slow_reader").inc()
            else:
                socket.queue.put_nowait(packet)
                count += 1
        return count

    def end(self, connection_id: str, reason: str) -> None:
        """Close below Socket.IO: apps reconnect by themselves after a closed transport, and do not
        after a Socket.IO disconnect."""
        eio_sid = self._server.manager.eio_sid_from_sid(connection_id, "/")
        if eio_sid is None:
            return
        task = asyncio.get_running_loop().create_task(close(self._server, eio_sid))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _socket(self, connection_id: str) -> Any:
        manager = self._server.manager
        if not manager.is_connected(connection_id, "/"):  # nothing goes before the CONNECT packet
            return None
        return self._server.eio.sockets.get(manager.eio_sid_from_sid(connection_id, "/"))
