"""One Engine.IO session on a websocket, new or upgraded from polling.

It takes the place of python-engineio's own socket in `server.eio.sockets`, with the few members
that python-socketio uses (at the end of the class); a test checks that list.
"""

import asyncio
from collections import deque
from typing import Any, Protocol

from engineio import exceptions, packet
from prometheus_client import Counter
from websockets.frames import Close, CloseCode, Opcode
from websockets.frames import Frame as WebSocketFrame

from marketplace import tasks
from realtime.transport.packets import CallPacket, RefusedCall, parse_call
from realtime.transport.websocket.flush_queue import FlushQueue
from realtime.transport.websocket.frames import PING, acknowledgement_frame, text_frame
from realtime.transport.websocket.incoming import BinaryMessageError, Incoming
from realtime.transport.websocket.outgoing import CLOSED_SLOW, Outgoing
from realtime.transport.websocket.wheel import Wheel

# The gateway stops reading from an app that has this many calls in flight.
MAX_CALLS_IN_FLIGHT = 200
# One read returns up to 256 kB: with a few bytes each, processing all of its messages would block
# the loop for 50 ms. So the work per turn is bounded; a large message counts as one more for each
# 100 bytes, a slice for the library's parser, and each frame in it, as ten.
MAX_PER_TURN = 1_000
BYTES_PER_UNIT, FRAME_COSTS = 100, 10
# Packets kept while a handshake is in flight.
MAX_EARLY_PACKETS, MAX_EARLY_BYTES = 50, 100_000
HANDSHAKE_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0

# Calls, and calls with attachments.
_CALL_TYPES = frozenset((b"2", b"5", b"b"))
# Stands for a binary message, whose content is not needed.
_ATTACHMENT = b"bb"

_MALFORMED = Counter(
    "parley_malformed_frames_total", "Websocket frames that were not valid packets"
)


class Server(Protocol):
    """What a session needs of the Socket.IO server it belongs to."""

    eio: Any
    flush_queue: FlushQueue

    def receive_call(self, session: "WebSocketSession", call: CallPacket, size_bytes: int) -> None:
        """Run a call and acknowledge it; its id is empty when no answer is wanted."""

    def refuse_call(
        self, session: "WebSocketSession", refused: RefusedCall, size_bytes: int
    ) -> None:
        """Acknowledge a call that could not be parsed."""

    async def receive_packet(self, sid: str, text: str) -> None:
        """Handle a Socket.IO packet that is not a call."""

    def lost(self, sid: str, reason: str) -> None:
        """The session has ended."""


class WebSocketSession(Outgoing):
    """The Engine.IO session; created by `Acceptor` after the websocket handshake."""

    __slots__ = (
        "_attachments",
        "_awaits_pong",
        "_calls_in_flight",
        "_early",
        "_early_bytes",
        "_incoming",
        "_is_paused",
        "_is_yielding",
        "_server",
        "_wheel",
        "client_id",
        "closing",
        "sid",
    )

    def __init__(
        self,
        server: Server,
        sid: str,
        transport: asyncio.Transport,
        wheel: Wheel,
        incoming: Incoming,
    ) -> None:
        super().__init__(transport, server.flush_queue)
        self.sid = sid
        # The Socket.IO id, once the handshake has been answered.
        self.client_id: str | None = None
        self.closing = False
        self._server = server
        self._incoming = incoming
        self._awaits_pong = False
        self._calls_in_flight = 0
        # Reading is paused because of too many calls in flight, or for the rest of this turn.
        self._is_paused = self._is_yielding = False
        self._early: deque[bytes] | None = None
        self._early_bytes = 0
        # Binary packets of refused calls that are still to arrive.
        self._attachments = 0
        self._wheel = wheel
        wheel.add(self, HANDSHAKE_WITHIN_S)

    # --- calls ----------------------------------------------------------------------------------

    def acknowledge(self, packet_id: bytes, answer: Any) -> None:
        """Answer a call, and resume reading if too many were in flight."""
        self._calls_in_flight -= 1
        if packet_id:
            self.write(acknowledgement_frame(packet_id, answer))
        if (
            self._is_paused
            and not self._is_yielding
            and self._calls_in_flight <= MAX_CALLS_IN_FLIGHT // 2
        ):
            self._is_paused = False
            self._transport.resume_reading()
            self.take_messages()

    # --- in -------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Handle what the app sent."""
        self._incoming.feed(data)
        self.take_messages()

    def eof_received(self) -> bool:
        """The app has closed its side: the transport then closes ours."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._cancel_cutoff()
        self._mark_closed("transport close")

    def take_messages(self) -> None:
        """Process received messages, bounded by calls in flight and by work per turn."""
        incoming = self._incoming
        budget = MAX_PER_TURN
        while not self.closed and not self._is_paused:
            try:
                message = incoming.next_message()
            except BinaryMessageError:
                message = _ATTACHMENT
            if message is not None:
                self._take(message)
                budget -= 1 + len(message) // BYTES_PER_UNIT
            elif incoming.has_more:
                budget -= FRAME_COSTS * (1 + incoming.frames_in_slice)
            else:
                break
            if budget <= 0 and not self._is_paused:
                self._is_paused = self._is_yielding = True
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._continue_taking)
        for data in incoming.to_send():
            if data:  # pongs are bounded like everything else that is sent
                self.write(data)
        if incoming.is_closed:
            if incoming.is_malformed:
                _MALFORMED.inc()
            self.flush()
            self._mark_closed("transport close")
            self._transport.close()

    def _continue_taking(self) -> None:
        """Process more in another turn of the loop, unless too many calls are in flight."""
        self._is_yielding = False
        if not self.closed and self._calls_in_flight < MAX_CALLS_IN_FLIGHT:
            self._is_paused = False
            self._transport.resume_reading()
            self.take_messages()

    def _take(self, message: bytes) -> None:
        packet_type = message[:1]
        if packet_type == b"4":
            self._take_message(message)
        elif packet_type == b"3":
            self._awaits_pong = False
        elif packet_type == b"1":
            self.end("client disconnect", CloseCode.NORMAL_CLOSURE)
        elif message is _ATTACHMENT:
            self._take_message(message)
        else:
            self.fail(CloseCode.UNSUPPORTED_DATA)

    def _take_message(self, message: bytes) -> None:
        """Hand a call straight to its handler, and any other message to python-socketio."""
        if self._early is not None:
            self._keep(message)
        elif message[1:2] in _CALL_TYPES:
            self._take_call(message)
        else:
            self._early = deque()
            self._keep(message)
            tasks.keep(self._take_early())

    def _take_call(self, message: bytes) -> None:
        if message is _ATTACHMENT:
            self._take_attachment()
            return
        call = parse_call(message)
        if type(call) is tuple:
            self._calls_in_flight += 1
            if self._calls_in_flight >= MAX_CALLS_IN_FLIGHT and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
            self._server.receive_call(self, call, len(message))
        elif isinstance(call, RefusedCall) and _is_utf8(message):
            self._calls_in_flight += 1
            self._attachments += call.attachments
            self._server.refuse_call(self, call, len(message))
        else:
            self.fail(CloseCode.INVALID_DATA)

    def _take_attachment(self) -> None:
        """Skip a binary packet that a call announced."""
        if self._attachments:
            self._attachments -= 1
        else:
            self.fail(CloseCode.UNSUPPORTED_DATA)

    def _keep(self, message: bytes) -> None:
        self._early_bytes += len(message)
        if (
            self._early is not None
            and len(self._early) < MAX_EARLY_PACKETS
            and self._early_bytes <= MAX_EARLY_BYTES
        ):
            self._early.append(message)
        else:
            self.fail(CloseCode.POLICY_VIOLATION)

    async def _take_early(self) -> None:
        """Handle handshakes and other rare packets one by one; later calls wait for them."""
        early = self._early
        while early and not self.closed:
            message = early.popleft()
            self._early_bytes -= len(message)
            if message[1:2] in _CALL_TYPES:
                self._take_call(message)
                continue
            try:
                await self._server.receive_packet(self.sid, message[1:].decode())
            except UnicodeDecodeError:
                self.fail(CloseCode.INVALID_DATA)
        self._early = None

    # --- its end --------------------------------------------------------------------------------

    def tick(self) -> float | None:
        """End a session that never connected or did not answer a ping; otherwise send a ping."""
        if self.closed:
            return None
        engine = self._server.eio
        if self.client_id is None:
            if self._early is not None:  # in flight: MongoDB may need longer to check the log-in
                return HANDSHAKE_WITHIN_S
            self.end("no handshake", CloseCode.POLICY_VIOLATION)
            return None
        if self._awaits_pong:  # the pong was due before this next ping
            self._mark_closed("ping timeout")
            self._transport.abort()
            return None
        self._awaits_pong = True
        self.write(PING)
        return float(engine.ping_interval)

    def fail(self, code: CloseCode) -> None:
        """End the session because of a malformed packet."""
        _MALFORMED.inc()
        self.end("malformed", code)

    def end_slow(self) -> None:
        """End a session whose client does not read: it reconnects and resumes by number."""
        CLOSED_SLOW.inc()
        self.end("too slow", CloseCode.TRY_AGAIN_LATER)

    def end(self, reason: str, code: CloseCode) -> None:
        """Send a close frame and close; abort if the client does not read it within two seconds."""
        if self.closed:
            return
        goodbye = WebSocketFrame(Opcode.CLOSE, Close(code, reason).serialize())
        self._transport.write(b"".join((*self._frames, goodbye.serialize(mask=False))))
        self._mark_closed(reason)
        self._cancel_cutoff()
        self._cutoff_timer = asyncio.get_running_loop().call_later(
            CLOSE_WITHIN_S, self._transport.abort
        )
        self._transport.close()

    def _mark_closed(self, reason: str) -> None:
        # Writing them to a closed transport would raise, and other sessions would not be flushed.
        self._frames.clear()
        self._incoming.clear()
        if self._early is not None:
            self._early.clear()
        if not self.closed:
            self.closing = self.closed = True
            self._wheel.remove(self)
            self._release_waiters()
            self._server.lost(self.sid, reason)

    # --- what python-engineio's server calls on a socket ------------------------------------------

    connected = upgraded = True
    upgrading = False

    async def send(self, pkt: packet.Packet) -> None:
        """Send a packet that python-socketio built.

        Raises:
            SocketIsClosedError: the session has ended.
        """
        if self.closed:
            raise exceptions.SocketIsClosedError
        encoded = pkt.encode()
        self.write(text_frame(encoded.encode() if isinstance(encoded, str) else encoded))

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """End the session."""
        self.end(str(reason or "server disconnect"), CloseCode.GOING_AWAY)


def _is_utf8(message: bytes) -> bool:
    """Whether the text is valid UTF-8: RFC 6455, section 8.1, requires closing otherwise."""
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
