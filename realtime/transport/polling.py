"""One Engine.IO session over long polling (Engine.IO protocol 4, "HTTP long-polling").

It is registered in `server.eio.sockets` like a session on a websocket, and has the same limits. It
keeps no reference to itself, so that everything it holds is freed as soon as it has ended.
"""

import asyncio
import base64
import binascii
from collections import deque
from typing import Any, Protocol

import orjson
from aiohttp import ClientError, StreamReader
from engineio import packet

from marketplace.errors import BaseError
from realtime.transport.binding import SessionOwner
from realtime.transport.packets import CallPacket, RefusedCall, parse_call
from realtime.transport.websocket import session as websocket_session
from realtime.transport.websocket.frames import acknowledgement_frame
from realtime.transport.websocket.outgoing import (
    CLOSED_SLOW,
    DROPPED_EPHEMERAL,
    MAX_WAITING_BYTES,
    SLOW_FROM_BYTES,
)
from realtime.transport.websocket.session import MAX_CALLS_IN_FLIGHT, WebSocketSession
from realtime.transport.websocket.wheel import Wheel

# The Python client rejects a body with more packets.
MAX_POLLED_PACKETS = 16
# At the body's size limit, this allows calls of 50 bytes and more.
MAX_POSTED_PACKETS = 2_000
# Parsing a packet and starting its call takes up to 0.1 ms: other sessions run in between.
MAX_PACKETS_PER_TURN = 50
BODY_WITHIN_S = 10.0
# Memory overhead of a queued packet.
PACKET_BYTES = 100
_SEPARATOR, _CLOSE, _PING, _NOOP = b"\x1e", b"1", b"2", b"6"


class InvalidPayloadError(BaseError):
    """The POST body is not an Engine.IO payload, came too late, or overlapped with another POST."""


class SessionEndedError(BaseError):
    """The session has ended."""


class Server(Protocol):
    """What a polling session needs of the Socket.IO server it belongs to."""

    eio: Any
    wheel: Wheel

    def receive_call(self, session: Any, call: CallPacket, size_bytes: int) -> None:
        """Run a call and acknowledge it; its id is empty when no answer is wanted."""

    def refuse_call(self, session: Any, refused: RefusedCall, size_bytes: int) -> None:
        """Acknowledge a call that could not be parsed."""

    async def receive_packet(self, sid: str, text: str) -> None:
        """Handle a Socket.IO packet that is not a call."""

    def lost(self, sid: str, reason: str) -> None:
        """The session has ended."""


class PollingSession:
    """A session whose packets wait for the next poll, 1 MB of them at most."""

    __slots__ = (
        "__weakref__",
        "_attachments",
        "_awaits_pong",
        "_calls_ended",
        "_calls_in_flight",
        "_drained",
        "_is_connecting",
        "_is_receiving",
        "_packets",
        "_polls",
        "_server",
        "_successor",
        "_waiting",
        "_waiting_bytes",
        "client_id",
        "closed",
        "closing",
        "owner",
        "reason",
        "sid",
        "upgraded",
        "upgrading",
    )
    connected = True

    def __init__(self, server: Server, sid: str, owner: SessionOwner) -> None:
        self.sid = sid
        self.owner = owner
        # The Socket.IO id, once the handshake has been answered.
        self.client_id: str | None = None
        self.closed = self.closing = self.upgrading = self.upgraded = False
        # Why the session was closed, unless the client closed it.
        self.reason = ""
        self._server = server
        self._packets: deque[bytes] = deque()
        self._waiting_bytes = 0
        # Polls that are not answered yet, and the future that the latest of them awaits.
        self._polls = 0
        self._waiting: asyncio.Future[None] | None = None
        self._successor: WebSocketSession | None = None
        self._is_receiving = self._is_connecting = self._awaits_pong = False
        self._attachments = self._calls_in_flight = 0
        self._calls_ended: asyncio.Event | None = None
        self._drained: asyncio.Event | None = None
        server.wheel.add(self, websocket_session.HANDSHAKE_WITHIN_S)

    # --- out ------------------------------------------------------------------------------------

    def write(self, packet_: bytes) -> None:
        """Queue an Engine.IO packet for the next poll.

        The limit is checked before the packet is added: one large answer may exceed it, a packet
        after that ends the session.
        """
        if self.closed:
            return
        if self._waiting_bytes > MAX_WAITING_BYTES:
            CLOSED_SLOW.inc()
            self.end("too slow")
            return
        self._packets.append(packet_)
        self._waiting_bytes += len(packet_) + PACKET_BYTES
        self._end_poll()

    def push(self, packet_: bytes, is_ephemeral: bool) -> bool:
        """Queue a push; False when it was dropped."""
        if self.closed:
            return False
        if is_ephemeral and self._waiting_bytes > SLOW_FROM_BYTES:
            DROPPED_EPHEMERAL.inc()
            return False
        self.write(packet_)
        return True

    def acknowledge(self, packet_id: bytes, answer: Any) -> None:
        """Answer a call, and take more calls if too many were in flight."""
        self._calls_in_flight -= 1
        if packet_id and self._successor is not None:
            self._successor.write(acknowledgement_frame(packet_id, answer))
        elif packet_id and not self.closed:
            self.write(b"43" + packet_id + orjson.dumps([answer]))
        if self._calls_ended is not None:
            self._calls_ended.set()

    async def drained(self) -> None:
        """Wait while the app has fallen behind in polling, or until the session ends."""
        while self._waiting_bytes > SLOW_FROM_BYTES and not self.closed:
            if self._drained is None:
                self._drained = asyncio.Event()
            await self._drained.wait()

    async def poll(self) -> bytes:
        """Wait for packets; return as many as every client accepts in one body.

        A later poll supersedes this one: the client has given it up.

        Raises:
            SessionEndedError: the session has ended.
        """
        self._end_poll()
        self._polls += 1
        try:
            if not self._packets and not self.closed:
                self._waiting = waiting = asyncio.get_running_loop().create_future()
                await waiting
                if self._waiting is not waiting:
                    return _NOOP
            if self._packets:
                return self._take()
            if self.closed and not self.upgraded:
                raise SessionEndedError
            return _NOOP
        finally:
            self._polls -= 1

    def take_all(self) -> list[bytes]:
        """Remove and return the packets still queued, for the websocket that takes over."""
        packets, self._packets = list(self._packets), deque()
        self._waiting_bytes = 0
        return packets

    def _take(self) -> bytes:
        packets = [
            self._packets.popleft() for _ in range(min(MAX_POLLED_PACKETS, len(self._packets)))
        ]
        self._waiting_bytes -= sum(map(len, packets)) + PACKET_BYTES * len(packets)
        if self._drained is not None:
            self._drained.set()
            self._drained = None
        return _SEPARATOR.join(packets)

    def _end_poll(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # --- in -------------------------------------------------------------------------------------

    async def receive(self, content: StreamReader) -> None:
        """Handle the body of a POST.

        Raises:
            InvalidPayloadError: the session has to end.
        """
        if self._is_receiving:  # clients never send two POSTs at a time
            raise InvalidPayloadError
        self._is_receiving = True
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _read_body(content, self._server.eio.max_http_buffer_size)
            packets = body.split(_SEPARATOR)
            if len(packets) > MAX_POSTED_PACKETS:
                raise InvalidPayloadError
            for number, packet_ in enumerate(packets, start=1):
                await self._receive_packet(packet_)
                if number % MAX_PACKETS_PER_TURN == 0:
                    await asyncio.sleep(0)
        except (TimeoutError, OSError, ClientError, UnicodeDecodeError) as error:
            raise InvalidPayloadError from error
        finally:
            self._is_receiving = False

    async def _receive_packet(self, packet_: bytes) -> None:
        if self.closed or self.upgraded:
            return
        packet_type = packet_[:1]
        if packet_[:2] in (b"42", b"45"):
            await self._receive_call(packet_)
        elif packet_type == b"4" and len(packet_) > 1:
            self._is_connecting = True
            try:
                await self._server.receive_packet(self.sid, packet_[1:].decode())
            finally:
                self._is_connecting = False
        elif packet_type == b"3":
            self._awaits_pong = False
        elif packet_type == b"1":
            self.end("client disconnect")
            self.reason = ""
        elif packet_type == b"b" and self._attachments and _is_base64(packet_[1:]):
            self._attachments -= 1
        else:
            raise InvalidPayloadError

    async def _receive_call(self, packet_: bytes) -> None:
        while self._calls_in_flight >= MAX_CALLS_IN_FLIGHT and not self.closed:
            self._calls_ended = asyncio.Event()
            await self._calls_ended.wait()
        call = parse_call(packet_)
        if type(call) is tuple:
            self._calls_in_flight += 1
            self._server.receive_call(self, call, len(packet_))
        elif isinstance(call, RefusedCall):
            self._calls_in_flight += 1
            self._attachments += call.attachments
            self._server.refuse_call(self, call, len(packet_))
        else:
            raise InvalidPayloadError

    # --- its end --------------------------------------------------------------------------------

    def tick(self) -> float | None:
        """End a session that never connected or did not answer a ping; otherwise send a ping."""
        if self.closed or self.upgraded:
            return None
        if self.client_id is None and not self.upgrading:
            if self._is_connecting:  # MongoDB may need longer to check the log-in
                return websocket_session.HANDSHAKE_WITHIN_S
            self.end("no handshake")
            return None
        if self._awaits_pong:  # the pong was due before this next ping
            self.end("ping timeout")
            return None
        self._awaits_pong = True
        self.write(_PING)
        return float(self._server.eio.ping_interval)

    def end(self, reason: str) -> None:
        """End the session; a waiting poll returns the queued packets and a close packet."""
        if self.closed:
            return
        if self._polls:
            self._packets.append(_CLOSE)
        else:
            self._packets.clear()
        self.reason = reason
        self._mark_closed()
        self._server.lost(self.sid, reason)

    def hand_over(self, successor: WebSocketSession) -> None:
        """Let a websocket take over: a waiting poll ends, calls in flight are answered there."""
        self._successor = successor
        self.upgraded = True
        self._mark_closed()

    def _mark_closed(self) -> None:
        self.closed = self.closing = True
        self._server.wheel.remove(self)
        self._end_poll()
        for event in (self._drained, self._calls_ended):
            if event is not None:
                event.set()

    # --- what python-socketio's server calls on a socket ------------------------------------------

    async def send(self, pkt: packet.Packet) -> None:
        """Send a packet that python-socketio built."""
        encoded = pkt.encode()
        self.write(encoded.encode() if isinstance(encoded, str) else encoded)

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """End the session."""
        self.end(str(reason or "server disconnect"))


def _is_base64(text: bytes) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


async def _read_body(stream: StreamReader, max_bytes: int) -> bytes:
    """Read the whole body; `read(length)` may return only a part of it."""
    body = b""
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise InvalidPayloadError
    return body
