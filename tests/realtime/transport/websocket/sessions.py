"""A session between a transport and a server that only record."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from marketplace.errors import Code
from realtime.transport.packets import CallPacket, RefusedCall
from realtime.transport.websocket.flush_queue import FlushQueue
from realtime.transport.websocket.incoming import Incoming
from realtime.transport.websocket.session import WebSocketSession
from realtime.transport.websocket.wheel import Wheel
from tests.realtime.transport.websocket.raw import text

MAX_BYTES = 100_000


class Recorder(asyncio.Transport):
    """Records what is done with it; its reader takes nothing unless a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.did: list[str] = []
        self.waiting_bytes = 0

    def write(self, data: Any) -> None:
        """Record a write; a write to a closed transport is an error, as with uvloop."""
        assert "lost" not in self.did, "written to a transport that is gone"
        self.writes.append(bytes(data))

    def pause_reading(self) -> None:
        """Record it."""
        self.did.append("pause")

    def resume_reading(self) -> None:
        """Record it."""
        self.did.append("resume")

    def close(self) -> None:
        """Record it."""
        self.did.append("close")

    def abort(self) -> None:
        """Record it."""
        self.did.append("abort")

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: the tests call `pause_writing` themselves."""

    def get_write_buffer_size(self) -> int:
        """The bytes that the reader has not taken."""
        return self.waiting_bytes


class Server:
    """Records calls, packets and the end of the session; answers nothing unless asked to."""

    def __init__(self) -> None:
        self.eio = SimpleNamespace(ping_interval=20, sockets={})
        self.flush_queue = FlushQueue()
        self.calls: list[tuple[bytes, str, list[Any]]] = []
        self.refused: list[tuple[bytes, Code]] = []
        self.packets: list[str] = []
        self.ends: list[str] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    def receive_call(self, _: WebSocketSession, call: CallPacket, size_bytes: int) -> None:
        """Record a call."""
        self.calls.append(call)

    def refuse_call(self, session: WebSocketSession, refused: RefusedCall, size_bytes: int) -> None:
        """Record a refusal, and answer it."""
        self.refused.append((refused.packet_id, refused.error.code))
        session.acknowledge(refused.packet_id, {"ok": False})

    async def receive_packet(self, sid: str, text: str) -> None:
        """Record a packet, then block until the test releases it."""
        self.packets.append(text)
        await self.may_go_on.wait()

    def lost(self, sid: str, reason: str) -> None:
        """Record the end."""
        self.ends.append(reason)


class Session:
    """A session with the transport and the server on its two sides."""

    def __init__(self) -> None:
        self.transport, self.server, self.wheel = Recorder(), Server(), Wheel()
        self.session = WebSocketSession(
            self.server, "gateway.1", self.transport, self.wheel, Incoming(MAX_BYTES)
        )
        self.session.client_id = "client.1"

    def receives(self, *messages: str) -> None:
        """Receive these texts, in one read."""
        self.session.data_received(b"".join(text(message) for message in messages))

    def frames(self) -> list[Frame]:
        """The frames that a client would parse from all writes."""
        client = Protocol(Side.CLIENT, state=State.OPEN)
        client.receive_data(b"".join(self.transport.writes))
        assert client.parser_exc is None
        return cast(list[Frame], client.events_received())

    def close_frame(self) -> tuple[int, str]:
        """The code and the reason of the final close frame."""
        last = self.frames()[-1]
        assert last.opcode is Opcode.CLOSE
        close = Close.parse(bytes(last.data))
        return close.code, close.reason


async def turn() -> None:
    """Let everything run that was scheduled for the end of this turn of the event loop."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def call(number: int) -> str:
    """A call's packet."""
    return f'42{number}["mark_read",{{"sequence":{number}}}]'
