"""An accepted connection: a websocket becomes a session, aiohttp gets anything else.

The head of the request is read and inspected here. aiohttp's own protocol then takes the connection
over with the bytes received so far, as if it had been there from the start. Its responses close
their connection (`transport/server.py`), so that no later request on the same connection, which
might be a websocket, bypasses this class.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from realtime.transport.binding import identify
from realtime.transport.websocket.frames import text_frame
from realtime.transport.websocket.handshake import Handshake, Headers, Query, answer_handshake
from realtime.transport.websocket.incoming import BinaryMessageError, Incoming
from realtime.transport.websocket.session import Server, WebSocketSession
from realtime.transport.websocket.wheel import Wheel

MAX_HEAD_BYTES = 16_384
SESSION_WITHIN_S = 10.0
# Messages and slices accepted per read before the upgrade; clients send two messages.
MAX_UPGRADE_MESSAGES = 10
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_PATH = b"GET /socket.io/"
_PROBE, _PROBE_ANSWER, _UPGRADED, _NOOP = b"2probe", text_frame(b"3probe"), b"5", b"6"


# Replaces the buffer once it has been handed on.
_EMPTY = Incoming(0)


class EngineServer(Server, Protocol):
    """What `Acceptor` needs of the Socket.IO server, besides what a session needs."""

    def opened(self, session: WebSocketSession, environ: dict[str, Any]) -> None:
        """Register a new session; `environ` describes who opened it."""

    def upgraded(self, session: WebSocketSession) -> None:
        """Replace the polling session of the same id by a session on a websocket."""


class Acceptor(asyncio.Protocol):
    """The protocol of an accepted connection until its kind is known."""

    __slots__ = ("_head", "_incoming", "_make_http", "_polling", "_server", "_transport", "_wheel")

    def __init__(
        self, server: EngineServer, make_http: Callable[[], asyncio.Protocol], wheel: Wheel
    ) -> None:
        self._server = server
        self._make_http = make_http
        self._wheel = wheel
        self._transport: Any = None  # uvloop's transport is not a subclass of asyncio.Transport
        self._head = b""
        self._polling: Any = None
        self._incoming = Incoming(server.eio.max_http_buffer_size)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head of the request."""
        self._transport = transport
        self._wheel.add(self, SESSION_WITHIN_S)

    def data_received(self, data: bytes) -> None:
        """Inspect the head; after it, follow the upgrade of a polling session."""
        if self._polling is not None:
            self._incoming.feed(data)
            self._follow_upgrade()
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > MAX_HEAD_BYTES:
                self._transport.write(_TOO_LARGE)
                self._transport.close()
            return
        head, self._head = self._head, b""
        if head.startswith(_PATH) and _UPGRADE.search(head, 0, end + 2):
            self._incoming.feed(head[end + 4 :])
            self._answer_handshake(head[: end + 4])
        else:
            self._hand_to_http(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client disconnected before the connection became anything."""
        if self._polling is not None:
            self._polling.upgrading = False
        self._detach()

    def _detach(self) -> None:
        """Drop every reference, and leave the wheel."""
        self._wheel.remove(self)
        self._transport = self._polling = None
        self._incoming = _EMPTY

    def tick(self) -> float | None:
        """Abort a connection that sent no request, or never became a session."""
        if self._transport is not None:
            self._transport.abort()
        return None

    def _hand_to_http(self, data: bytes) -> None:
        transport = self._transport
        self._detach()
        http = self._make_http()
        transport.set_protocol(http)
        http.connection_made(transport)
        http.data_received(data)

    def _hand_to_session(self, session: WebSocketSession) -> None:
        transport = self._transport
        self._detach()
        transport.set_protocol(session)
        session.take_messages()

    def _session(self, sid: str) -> WebSocketSession:
        return WebSocketSession(self._server, sid, self._transport, self._wheel, self._incoming)

    def _answer_handshake(self, head: bytes) -> None:
        handshake = answer_handshake(head, self._upgrade_refusal)
        if handshake is None:
            self._transport.abort()
            return
        self._transport.write(handshake.answer)
        sid = handshake.query.get("sid", [None])[0]
        if not handshake.is_accepted:
            self._transport.close()
        elif sid is None:
            self._open(handshake)
        else:
            self._polling = self._server.eio.sockets[sid]
            self._polling.upgrading = True
            self._follow_upgrade()

    def _peer(self) -> str:
        address = self._transport.get_extra_info("peername")
        return address[0] if address else ""

    def _upgrade_refusal(self, query: Query, headers: Headers) -> str | None:
        """Why this request cannot become a websocket; None if it can."""
        if query.get("transport") != ["websocket"] or query.get("EIO") != ["4"]:
            return "Not an Engine.IO 4 websocket."
        if "sid" in query:
            polling = self._server.eio.sockets.get(query["sid"][0])
            if (
                polling is None
                or polling.upgraded
                or polling.upgrading
                or not polling.owner.is_same(identify(self._peer(), headers))
            ):
                return "No session to upgrade."
        return None

    def _open(self, handshake: Handshake) -> None:
        """Start a new session."""
        engine = self._server.eio
        session = self._session(engine.generate_id())
        environ = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in handshake.headers.items()
        }
        environ["REMOTE_ADDR"] = self._peer()
        self._server.opened(session, environ)
        opening = {
            "sid": session.sid,
            "upgrades": [],
            "pingTimeout": int(engine.ping_timeout * 1_000),
            "pingInterval": int(engine.ping_interval * 1_000),
            "maxPayload": engine.max_http_buffer_size,
        }
        session.write(text_frame(b"0" + orjson.dumps(opening)))
        self._hand_to_session(session)

    def _follow_upgrade(self) -> None:
        """Handle the probe and the upgrade of a polling session (Engine.IO protocol 4)."""
        polling = self._polling
        try:
            for _ in range(MAX_UPGRADE_MESSAGES):
                message = self._incoming.next_message()
                if message is None:
                    if self._incoming.has_more:
                        continue
                    break
                if message == _PROBE:
                    self._transport.write(_PROBE_ANSWER)
                    polling.write(_NOOP)  # ends the poll in flight
                elif message == _UPGRADED and not polling.closed:
                    self._replace(polling)
                    return
                else:
                    self._transport.close()
                    return
            else:
                self._transport.close()
        except BinaryMessageError:
            self._transport.close()
        if self._incoming.is_closed:
            self._transport.close()

    def _replace(self, polling: Any) -> None:
        """Replace the polling session; the packets waiting for a poll are sent first."""
        session = self._session(polling.sid)
        self._server.upgraded(session)
        for packet in polling.take_all():
            if packet.startswith(b"4"):
                session.write(text_frame(packet))
        polling.hand_over(session)
        self._hand_to_session(session)
