"""The connections of the namespace: python-socketio's client manager, for a single namespace.

The library's own manager keeps a two-way dictionary for each room and puts every connection into a
room of its own: 2 kB each, and a list searched from its start at every handshake. Our rooms are in
`realtime/rooms.py`, so all that is left here is which connection belongs to which session.
"""

from collections.abc import Iterable
from typing import Any

from socketio import AsyncManager

NAMESPACE = "/"


class Clients(AsyncManager):  # type: ignore[misc] # untyped library
    """Connections by their Socket.IO id and by their Engine.IO session id.

    `sockets` has the sockets that pushes are written to. A socket is added once its handshake has
    been answered: anything sent earlier would overtake the answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sockets: dict[str, Any] = {}
        self._eio_sids: dict[str, str] = {}
        self._sids: dict[str, str] = {}

    def get_namespaces(self) -> Iterable[str]:
        """The only namespace."""
        return (NAMESPACE,)

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Assign a Socket.IO id; None if the session has one, or asks for another namespace."""
        if namespace != NAMESPACE or eio_sid in self._sids:
            return None
        sid: str = self.server.eio.generate_id()
        self._sids[eio_sid] = sid
        self._eio_sids[sid] = eio_sid
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        """The handshake has been answered: pushes may be sent."""
        eio_sid = self._eio_sids.get(sid)
        socket = self.server.eio.sockets.get(eio_sid)
        if eio_sid is not None and socket is not None:
            self.sockets[sid] = socket
            socket.client_id = sid
        return sid

    def replace(self, eio_sid: str, socket: Any) -> str | None:
        """Replace a session's socket by another; returns the Socket.IO id, if there is one."""
        sid = self._sids.get(eio_sid)
        if sid in self.sockets:
            self.sockets[sid] = socket
            return sid
        return None

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Whether the handshake has been answered and the disconnect has not begun."""
        return sid in self.sockets

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """The Socket.IO id of a session."""
        return self._sids.get(eio_sid)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """The session id for a Socket.IO id."""
        return self._eio_sids.get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """Begin to disconnect: pushes stop, and the session loses its Socket.IO id."""
        socket = self.sockets.pop(sid, None)
        if socket is not None:
            socket.client_id = None
        return self._eio_sids.get(sid)

    async def disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        """Forget a connection."""
        self.sockets.pop(sid, None)
        eio_sid = self._eio_sids.pop(sid, None)
        if eio_sid is not None:
            self._sids.pop(eio_sid, None)
