"""One Engine.IO session on a websocket, new or upgraded from polling.

It stands in `server.eio.sockets` in the place of python-engineio's own socket, with the few members
that its server and python-socketio use (below the line); a test holds the list.
"""

import asyncio
from collections import deque
from typing import Any, Protocol

from engineio import exceptions, packet
from prometheus_client import Counter
from websockets.frames import Close, CloseCode, Opcode
from websockets.frames import Frame as WebSocketFrame

from marketplace import tasks
from realtime.websocket.frames import PING, acknowledgement_frame, text_frame
from realtime.websocket.incoming import BinaryMessageError, Incoming
from realtime.websocket.outbox import Outbox
from realtime.websocket.packets import call_in
from realtime.websocket.wheel import Wheel

# What one connection may have waiting in this process: some 2,000 messages of 500 bytes.  A reader
# that far behind is ended and resumes by number.
MAX_WAITING_BYTES = 1_000_000
# From here on a reader is slow: typing and presence, worth nothing late, are left out.
SLOW_FROM_BYTES = 65_536
# How long a slow reader may take nothing at all before its connection is cut.
STANDSTILL_S = 10.0
# An app that does not wait for answers is not read from while so many of its calls are under way.
MAX_CALLS_UNDER_WAY = 200
# Packets kept while a handshake is under way.
MAX_EARLY_PACKETS = 50
HANDSHAKE_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0

_MALFORMED = Counter("parley_malformed_frames_total", "Frames that were no packet")
_DROPPED = Counter("parley_pushes_dropped_total", "Pushes not delivered", ["reason"])
CLOSED_SLOW = Counter("parley_slow_readers_closed_total", "Connections closed as too slow")
DROPPED_EPHEMERAL = _DROPPED.labels("slow_reader")


class Server(Protocol):
    """What a session needs of the Socket.IO server it belongs to."""

    eio: Any
    outbox: Outbox

    def receive_call(
        self, session: "Session", packet_id: bytes, name: str, arguments: list[Any]
    ) -> None:
        """Carry out a call and acknowledge it; `packet_id` is empty when no answer is wanted."""

    async def receive_packet(self, sid: str, text: str) -> None:
        """Take a Socket.IO packet that is no call."""

    def lost(self, sid: str, reason: str) -> None:
        """The session is over."""


class Session(asyncio.Protocol):
    """The Engine.IO session; made by `Door` after the handshake of the websocket."""

    __slots__ = (
        "_awaits_pong",
        "_cut",
        "_early",
        "_frames",
        "_incoming",
        "_is_paused",
        "_outbox",
        "_server",
        "_transport",
        "_under_way",
        "_wheel",
        "client_id",
        "closed",
        "closing",
        "is_slow",
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
        self.sid = sid
        # The Socket.IO id, once the handshake was answered.
        self.client_id: str | None = None
        self.closing = self.closed = False
        self.is_slow = False
        self._server = server
        self._transport = transport
        self._wheel = wheel
        self._outbox = server.outbox
        self._frames: list[bytes] = []
        self._incoming = incoming
        self._awaits_pong = False
        self._under_way = 0
        self._is_paused = False
        self._early: deque[bytes] | None = None
        # The time at which an app that does not read is cut off.
        self._cut: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=SLOW_FROM_BYTES)
        wheel.add(self, HANDSHAKE_WITHIN_S)

    # --- out ------------------------------------------------------------------------------------

    def write(self, frame: bytes) -> None:
        """Let a frame go out at the end of this turn of the event loop, with all that come before it.

        A system call costs 10 to 20 µs, and a turn often has several frames for one connection: the
        acknowledgements and pushes of a batch.
        """
        if not self.closed:
            if not self._frames:
                self._outbox.add(self)
            self._frames.append(frame)

    def flush(self) -> None:
        """Hand what was written to the kernel, or to the transport's buffer when that is full.

        The bound is looked at before: one large answer may pass it, what comes behind does not.
        """
        frames = self._frames
        if not frames:
            return
        if self.is_slow and self._transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            self.end_slow()
            return
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()

    def push(self, frame: bytes, is_ephemeral: bool) -> bool:
        """Hand over a push; False when it was left out."""
        if self.closed:
            return False
        if self.is_slow and is_ephemeral:
            DROPPED_EPHEMERAL.inc()
            return False
        self.write(frame)
        return True

    def acknowledge(self, packet_id: bytes, answer: Any) -> None:
        """Answer a call, and read on if too many were under way."""
        self._under_way -= 1
        if packet_id:
            self.write(acknowledgement_frame(packet_id, answer))
        if self._is_paused and self._under_way <= MAX_CALLS_UNDER_WAY // 2:
            self._is_paused = False
            self._transport.resume_reading()
            self.take_messages()

    def pause_writing(self) -> None:
        """More waits than a reader that keeps up ever leaves."""
        self.is_slow = True
        self._watch(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_slow = False
        if not self.closed:
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    def _watch(self, waiting_bytes: int) -> None:
        loop = asyncio.get_running_loop()
        self._cut = loop.call_later(STANDSTILL_S, self._check_standstill, waiting_bytes)

    def _check_standstill(self, waiting_bytes: int) -> None:
        now_waiting = self._transport.get_write_buffer_size()
        if now_waiting >= waiting_bytes:
            self.end_slow()
        else:
            self._watch(now_waiting)

    # --- in -------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what the app sent."""
        self._incoming.feed(data)
        self.take_messages()

    def eof_received(self) -> bool:
        """The app sends no more: the transport closes by itself."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        self._over("transport close")

    def take_messages(self) -> None:
        """Take what came in, as far as the calls under way allow."""
        incoming = self._incoming
        try:
            while not self.closed and not self._is_paused:
                message = incoming.next_message()
                if message is None:
                    break
                self._take(message)
        except BinaryMessageError:
            self.fail(CloseCode.UNSUPPORTED_DATA)
        for data in incoming.to_send():
            if data:  # pongs have the bound of all that goes out
                self.write(data)
        if incoming.is_over:
            if incoming.is_malformed:
                _MALFORMED.inc()
            self.flush()
            self._over("transport close")
            self._transport.close()

    def _take(self, message: bytes) -> None:
        kind = message[:1]
        if kind == b"4":
            self._take_message(message)
        elif kind == b"3":
            self._awaits_pong = False
        elif kind == b"1":
            self.end("client disconnect", CloseCode.NORMAL_CLOSURE)
        else:
            self.fail(CloseCode.UNSUPPORTED_DATA)

    def _take_message(self, message: bytes) -> None:
        """A call goes straight to its handler; whatever else is python-socketio's."""
        kind = message[1:2]
        if self._early is not None:
            self._keep(message)
        elif kind == b"2" and message[2:3] != b"/":
            self._take_call(message)
        elif kind in (b"5", b"6"):  # Socket.IO packets with attachments
            self.fail(CloseCode.UNSUPPORTED_DATA)
        else:
            self._early = deque()
            self._keep(message)
            tasks.keep(self._take_early())

    def _take_call(self, message: bytes) -> None:
        call = call_in(message)
        if call is None:
            self.fail(CloseCode.INVALID_DATA)
            return
        self._under_way += 1
        if self._under_way >= MAX_CALLS_UNDER_WAY and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._server.receive_call(self, *call)

    def _keep(self, message: bytes) -> None:
        if self._early is not None and len(self._early) < MAX_EARLY_PACKETS:
            self._early.append(message)
        else:
            self.fail(CloseCode.POLICY_VIOLATION)

    async def _take_early(self) -> None:
        """Handshakes and other rare packets one after the other; calls behind them wait."""
        early = self._early
        while early and not self.closed:
            message = early.popleft()
            if message[1:2] == b"2" and message[2:3] != b"/":
                self._take_call(message)
                continue
            try:
                await self._server.receive_packet(self.sid, message[1:].decode())
            except UnicodeDecodeError:
                self.fail(CloseCode.INVALID_DATA)
        self._early = None

    # --- its end --------------------------------------------------------------------------------

    def tick(self) -> float | None:
        """End what never connected, send a ping, or end a session whose pong did not come."""
        if self.closed:
            return None
        engine = self._server.eio
        if self.client_id is None:
            self.end("no handshake", CloseCode.POLICY_VIOLATION)
            return None
        if self._awaits_pong:  # it had until this next ping
            self._over("ping timeout")
            self._transport.abort()
            return None
        self._awaits_pong = True
        self.write(PING)
        return float(engine.ping_interval)

    def fail(self, code: CloseCode) -> None:
        """End the session at something that is no packet of ours."""
        _MALFORMED.inc()
        self.end("malformed", code)

    def end_slow(self) -> None:
        """End a session that does not take what it is sent: it comes back and resumes by number."""
        CLOSED_SLOW.inc()
        self.end("too slow", CloseCode.TRY_AGAIN_LATER)

    def end(self, reason: str, code: CloseCode) -> None:
        """Say why and close; who does not read the goodbye within two seconds is cut off."""
        if self.closed:
            return
        goodbye = WebSocketFrame(Opcode.CLOSE, Close(code, reason).serialize())
        self._transport.write(b"".join((*self._frames, goodbye.serialize(mask=False))))
        self._over(reason)
        self._stop_waiting()
        self._cut = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._transport.abort)
        self._transport.close()

    def _over(self, reason: str) -> None:
        # Written to a transport that is gone they would raise, and hold up those flushed behind them.
        self._frames.clear()
        if not self.closed:
            self.closing = self.closed = True
            self._server.lost(self.sid, reason)

    # --- what python-engineio's server calls on a socket -------------------------------------------

    connected = upgraded = True
    upgrading = False

    async def send(self, pkt: packet.Packet) -> None:
        """Send a packet that python-socketio made.

        Raises:
            SocketIsClosedError: when the session is over.
        """
        if self.closed:
            raise exceptions.SocketIsClosedError
        encoded = pkt.encode()
        self.write(text_frame(encoded.encode() if isinstance(encoded, str) else encoded))

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """End the session."""
        self.end(str(reason or "server disconnect"), CloseCode.GOING_AWAY)

    async def handle_get_request(self, environ: dict[str, Any]) -> list[packet.Packet]:
        """A poll that was on its way when the session was upgraded."""
        return [packet.Packet(packet.NOOP)]
