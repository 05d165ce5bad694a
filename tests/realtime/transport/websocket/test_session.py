"""A session over a transport that only records: when writes happen, bounds, pings, and ends."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from engineio import exceptions, packet
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from marketplace.errors import Code
from realtime.transport.packets import CallPacket, RefusedCall
from realtime.transport.websocket import outgoing
from realtime.transport.websocket import session as module
from realtime.transport.websocket.flush_queue import FlushQueue
from realtime.transport.websocket.frames import PING, acknowledgement_frame, event_frame
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


@pytest.fixture
async def side() -> Session:
    """A session whose handshake was answered."""
    return Session()


async def turn() -> None:
    """Let everything run that was scheduled for the end of this turn of the event loop."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def call(number: int) -> str:
    """A call's packet."""
    return f'42{number}["mark_read",{{"sequence":{number}}}]'


# --- outgoing ------------------------------------------------------------------------------------


async def test_frames_of_one_turn_are_sent_in_one_write(side: Session) -> None:
    """Frames of one turn are written together, in order, whatever produced them."""
    one, two = event_frame("message.sent", {"n": 1}), event_frame("message.sent", {"n": 2})
    answer = acknowledgement_frame(b"7", {"ok": True})
    side.session.push(one, is_ephemeral=False)
    side.session.acknowledge(b"7", {"ok": True})
    side.session.push(two, is_ephemeral=False)
    assert side.transport.writes == []

    await turn()
    side.session.push(one, is_ephemeral=False)
    await turn()

    assert side.transport.writes == [one + answer + two, one]


async def test_a_call_without_an_id_gets_no_answer(side: Session) -> None:
    """A call without an id is executed but not answered, as the protocol says."""
    side.receives('42["mark_read",{}]')

    side.session.acknowledge(b"", {"ok": True})
    await turn()

    assert (side.transport.writes, side.server.calls[0][0]) == ([], b"")


async def test_ephemeral_pushes_are_dropped_for_a_slow_reader(side: Session) -> None:
    """A slow reader gets messages but no typing, until it has caught up."""
    frame = event_frame("typing.updated", {})
    side.session.pause_writing()
    assert not side.session.push(frame, is_ephemeral=True)
    assert side.session.push(frame, is_ephemeral=False)

    side.session.resume_writing()

    assert side.session.push(frame, is_ephemeral=True)
    await turn()
    assert side.transport.writes == [frame * 2]


@pytest.mark.parametrize("what", ["pushes", "acknowledgements", "pongs"])
async def test_a_reader_at_its_bound_is_closed(side: Session, what: str) -> None:
    """At its bound a session writes only the close frame, and notifies the server once."""
    side.session.pause_writing()
    side.transport.waiting_bytes = outgoing.MAX_WAITING_BYTES + 1
    before = len(side.transport.writes)

    for _ in range(3):
        if what == "pushes":
            side.session.push(event_frame("message.sent", {}), is_ephemeral=False)
        elif what == "acknowledgements":
            side.session.acknowledge(b"1", {"ok": True})
        else:
            side.session.data_received(Frame(Opcode.PING, b"x" * 100).serialize(mask=True))
        await turn()

    assert side.close_frame() == (CloseCode.TRY_AGAIN_LATER, "too slow")
    assert (side.server.ends, len(side.transport.writes) - before) == (["too slow"], 1)
    assert not side.session.push(event_frame("message.sent", {}), is_ephemeral=False)
    side.session.resume_writing()


async def test_a_reader_that_takes_nothing_for_a_while_is_closed(
    side: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that takes nothing for a while is closed, even below the bound.

    One that takes something in between is not.
    """
    monkeypatch.setattr(outgoing, "STALLED_AFTER_S", 0.01)
    seen = [90_000, 80_000, 70_000, 70_000]
    monkeypatch.setattr(side.transport, "get_write_buffer_size", lambda: seen.pop(0))
    side.session.pause_writing()

    async with asyncio.timeout(5):
        while not side.server.ends:  # noqa: ASYNC110 # the session's timer
            await asyncio.sleep(0.005)

    assert side.close_frame() == (CloseCode.TRY_AGAIN_LATER, "too slow")
    assert seen == []
    side.session.connection_lost(None)


async def test_nothing_is_written_to_a_closed_connection(side: Session) -> None:
    """A write to a closed connection would raise, and others would lose data of the same turn."""
    other = Session()
    other.session._flush_queue = side.session._flush_queue
    frame = event_frame("message.sent", {})
    side.session.push(frame, is_ephemeral=False)
    other.session.push(frame, is_ephemeral=False)

    side.session.connection_lost(ConnectionResetError())
    side.transport.did.append("lost")
    await turn()

    assert (side.transport.writes, other.transport.writes) == ([], [frame])


# --- incoming ------------------------------------------------------------------------------------


async def test_calls_reach_the_server_in_order(side: Session) -> None:
    """Calls reach the server in order, with their ids and arguments."""
    side.receives(*(call(number) for number in range(3)), '42["a"]', '4299["b",1,[2],null]')

    assert side.server.calls == [
        *((b"%d" % number, "mark_read", [{"sequence": number}]) for number in range(3)),
        (b"", "a", []),
        (b"99", "b", [1, [2], None]),
    ]


async def test_reading_pauses_at_the_maximum_of_calls_in_flight(side: Session) -> None:
    """At the maximum of calls in flight, reading pauses; no call is lost or repeated."""
    most = module.MAX_CALLS_IN_FLIGHT
    count = 3 * most

    side.receives(*(call(number) for number in range(count)))
    assert (len(side.server.calls), side.transport.did) == (most, ["pause"])
    side.receives(call(count))  # it had been read before the pause
    assert len(side.server.calls) == most

    for number in range(count + 1):
        assert len(side.server.calls) - number <= most
        side.session.acknowledge(b"%d" % number, {"ok": True})
    await turn()

    assert [int(packet_id) for packet_id, _, _ in side.server.calls] == list(range(count + 1))
    assert side.transport.did[-1] == "resume"
    answered = [bytes(sent.data)[2:].partition(b"[")[0] for sent in side.frames()]
    assert [int(packet_id) for packet_id in answered] == list(range(count + 1))


async def test_calls_after_a_handshake_wait_for_it(side: Session) -> None:
    """Calls after a handshake wait for it, then are executed in order, with later ones."""
    side.server.may_go_on.clear()
    side.receives('40{"token":"x"}', call(1), call(2))
    await turn()
    side.receives(call(3))
    assert (side.server.packets, side.server.calls) == (['0{"token":"x"}'], [])

    side.server.may_go_on.set()
    await turn()
    side.receives(call(4))

    assert [packet_id for packet_id, _, _ in side.server.calls] == [b"1", b"2", b"3", b"4"]


async def test_packets_that_wait_for_a_handshake_are_bounded(side: Session) -> None:
    """The packets that wait for a handshake are bounded; beyond that the session ends."""
    side.server.may_go_on.clear()
    side.receives("40")
    await turn()
    side.receives(*(call(number) for number in range(module.MAX_EARLY_PACKETS)))
    assert side.server.ends == []

    side.receives(call(99))
    side.server.may_go_on.set()
    await turn()

    assert side.close_frame() == (CloseCode.POLICY_VIOLATION, "malformed")
    assert side.server.calls == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", CloseCode.UNSUPPORTED_DATA),
        ("0{}", CloseCode.UNSUPPORTED_DATA),
        ("2", CloseCode.UNSUPPORTED_DATA),
        ("5", CloseCode.UNSUPPORTED_DATA),
        ("x", CloseCode.UNSUPPORTED_DATA),
        ("45-", CloseCode.INVALID_DATA),
        ("42", CloseCode.INVALID_DATA),
        ("42[]", CloseCode.INVALID_DATA),
        ("42[1]", CloseCode.INVALID_DATA),
        ('42["connect"]', CloseCode.INVALID_DATA),
        ('42["a"][]', CloseCode.INVALID_DATA),
        ('42["a",' + "[" * 50_000, CloseCode.INVALID_DATA),
        ('42-1["a"]', CloseCode.INVALID_DATA),
        ('42+1["a"]', CloseCode.INVALID_DATA),
        ('42 1["a"]', CloseCode.INVALID_DATA),
        ('42٣["a"]', CloseCode.INVALID_DATA),
    ],
    ids=lambda value: repr(value)[:24],
)
async def test_an_invalid_packet_ends_the_session(
    side: Session, message: str, code: CloseCode
) -> None:
    """An invalid packet ends the session with a code that says why; nothing after it is executed."""
    side.receives(call(1), message, call(2))
    await turn()

    assert side.close_frame() == (code, "malformed")
    assert len(side.server.calls) == 1
    assert (side.server.ends, side.transport.did) == (["malformed"], ["close"])


REFUSED = {
    "half a surrogate pair": ('427["a",{"body":"\\ud83d"}]', Code.VALIDATION_FAILED),
    "NaN": ('427["a",{"n":NaN}]', Code.VALIDATION_FAILED),
    "Infinity": ('427["a",-Infinity]', Code.VALIDATION_FAILED),
    "a number beyond all": ('427["a",{"n":1e999}]', Code.VALIDATION_FAILED),
    "a name twice": ('427["a",{"n":1,"n":2}]', Code.VALIDATION_FAILED),
    "a name twice, deeper": ('427["a",{"n":{"m":1,"m":":"}}]', Code.VALIDATION_FAILED),
    "binary": ('451-7["a",{"body":{"_placeholder":true,"num":0}}]', Code.VALIDATION_FAILED),
    "binary without attachments": ('450-7["a",{}]', Code.VALIDATION_FAILED),
    "too deep": ('427["a",' + "[" * 50_000 + "]" * 40_000, Code.MALFORMED),
    "not closed": ('427["a",{"n":1', Code.MALFORMED),
    "two values": ('427["a"][]', Code.MALFORMED),
    "nothing": ("427", Code.MALFORMED),
    "no list": ('427{"a":[1]}', Code.MALFORMED),
    "an empty list": ("427[]", Code.MALFORMED),
    "no name": ("427[1,{}]", Code.MALFORMED),
    "a raw control sign": ('427["a",{"body":"x\ty"}]', Code.MALFORMED),
    "a name of the library's": ('427["connect",{}]', Code.UNKNOWN_EVENT),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_unreadable_call_is_answered_and_the_session_stays(
    side: Session, name: str
) -> None:
    """An unreadable call with an id is answered, and later calls are executed."""
    message, code = REFUSED[name]
    side.receives(message)
    if name == "binary":
        side.session.data_received(Frame(Opcode.BINARY, b"\x00\xff").serialize(mask=True))
    side.receives(call(8))
    await turn()

    assert side.server.refused == [(b"7", code)]
    assert [packet_id for packet_id, _, _ in side.server.calls] == [b"8"]
    assert side.server.ends == []


async def test_a_call_for_another_namespace_is_refused_there(side: Session) -> None:
    """There is one namespace: a call for another is refused there, and an explicit `/` is ours."""
    side.receives('42/other,7["a",{}]', '42/,8["a",{"n":1,"n":2}]')
    await turn()

    assert side.server.refused == [
        (b"/other,7", Code.MALFORMED),
        (b"8", Code.VALIDATION_FAILED),
    ]
    assert side.server.ends == []


async def test_attachments_may_arrive_in_pieces_and_between_pings(side: Session) -> None:
    """Announced attachments are accepted in pieces; one more ends the session."""
    side.receives('452-7["a",{"x":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]')
    for frame in (
        Frame(Opcode.BINARY, b"42[", fin=False),
        Frame(Opcode.PING, b""),
        Frame(Opcode.CONT, b'"a"]'),
        Frame(Opcode.BINARY, b""),
    ):
        side.session.data_received(frame.serialize(mask=True))
    side.receives(call(8))
    assert ([packet_id for packet_id, _, _ in side.server.calls], side.server.ends) == ([b"8"], [])

    side.session.data_received(Frame(Opcode.BINARY, b"x").serialize(mask=True))
    assert side.server.ends == ["malformed"]


async def test_a_binary_call_after_a_handshake_waits_for_it(side: Session) -> None:
    """A binary call that arrives during a handshake waits for it, with its attachment."""
    side.server.may_go_on.clear()
    side.receives("40", '451-7["a",{"_placeholder":true,"num":0}]')
    side.session.data_received(Frame(Opcode.BINARY, b"x").serialize(mask=True))
    side.receives(call(8))
    await turn()
    side.server.may_go_on.set()
    await turn()

    assert side.server.refused == [(b"7", Code.VALIDATION_FAILED)]
    assert ([packet_id for packet_id, _, _ in side.server.calls], side.server.ends) == ([b"8"], [])


async def test_invalid_utf_8_ends_the_session(side: Session) -> None:
    """Bytes that are not UTF-8 end the session, inside a call or any other packet."""
    for start in (b'421["a","', b"40"):
        side = Session()
        side.session.data_received(text(start + b"\xff\xfe"))
        await turn()
        assert side.close_frame() == (CloseCode.INVALID_DATA, "malformed")


async def test_a_binary_message_ends_the_session(side: Session) -> None:
    """A binary message ends the session, because the contract has none."""
    side.session.data_received(Frame(Opcode.BINARY, b"\x00").serialize(mask=True))

    assert side.close_frame() == (CloseCode.UNSUPPORTED_DATA, "malformed")


# --- its end -------------------------------------------------------------------------------------


async def test_a_session_without_a_handshake_ends(side: Session) -> None:
    """A session without a handshake ends when the wheel checks it, and not before."""
    side.session.client_id = None
    for _ in range(int(module.HANDSHAKE_WITHIN_S) - 1):
        side.wheel.turn()
    assert side.server.ends == []

    side.wheel.turn()

    assert side.server.ends == ["no handshake"]
    assert side.close_frame() == (CloseCode.POLICY_VIOLATION, "no handshake")


async def test_pings_continue_while_the_client_answers(side: Session) -> None:
    """Pings continue at their interval as long as the client answers."""
    for _ in range(10):
        for _ in range(int(module.HANDSHAKE_WITHIN_S) if not side.transport.writes else 20):
            side.wheel.turn()
        await turn()
        assert side.transport.writes[-1] == PING
        side.receives("3")

    assert (len(side.transport.writes), side.server.ends) == (10, [])


async def test_a_session_without_a_pong_is_cut(side: Session) -> None:
    """A session without a pong is cut at the next ping: a close frame would reach nobody."""
    assert side.session.tick() == 20
    assert side.session.tick() is None

    assert (side.server.ends, side.transport.did) == (["ping timeout"], ["abort"])
    assert side.session.tick() is None


def _client_closes(side: Session) -> None:
    side.session.data_received(
        Frame(Opcode.CLOSE, Close(1_000, "").serialize()).serialize(mask=True)
    )


ENDS: dict[str, tuple[Callable[[Session], None], str]] = {
    "the app closes the websocket": (_client_closes, "transport close"),
    "the app says an Engine.IO close": (lambda side: side.receives("1"), "client disconnect"),
    "the connection is lost": (lambda side: side.session.connection_lost(None), "transport close"),
    "we end it": (lambda side: side.session.end("draining", CloseCode.SERVICE_RESTART), "draining"),
}


@pytest.mark.parametrize("how", ENDS)
async def test_an_end_is_reported_once(side: Session, how: str) -> None:
    """An end is reported once, however many ends coincide."""
    end, reason = ENDS[how]
    end(side)
    side.session.end("again", CloseCode.NORMAL_CLOSURE)
    side.session.connection_lost(None)

    assert side.server.ends == [reason]
    assert (side.session.closed, side.session.closing) == (True, True)


async def test_written_frames_are_sent_before_the_close_frame(side: Session) -> None:
    """An answer written in the same turn is sent before the close frame."""
    answer = acknowledgement_frame(b"1", {"ok": True})
    side.session.acknowledge(b"1", {"ok": True})
    side.session.end("draining", CloseCode.SERVICE_RESTART)
    await turn()

    assert bytes(side.frames()[0].data) == answer[2:]
    assert side.close_frame() == (CloseCode.SERVICE_RESTART, "draining")


async def test_an_answer_is_sent_before_the_answer_to_a_close(side: Session) -> None:
    """Answers that exist when the app closes are sent before the close is answered."""
    side.session.acknowledge(b"1", {"ok": True})
    _client_closes(side)
    await turn()

    assert [sent.opcode for sent in side.frames()] == [Opcode.TEXT, Opcode.CLOSE]
    assert side.transport.did == ["close"]


async def test_a_client_that_does_not_read_the_close_frame_is_cut(
    side: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not read the close frame is cut; otherwise its transport would stay."""
    monkeypatch.setattr(module, "CLOSE_WITHIN_S", 0.01)

    side.session.end("draining", CloseCode.SERVICE_RESTART)
    async with asyncio.timeout(5):
        while side.transport.did != ["close", "abort"]:  # noqa: ASYNC110 # the session's timer
            await asyncio.sleep(0.005)


# --- what python-engineio's server calls ---------------------------------------------------------


async def test_the_librarys_packets_are_sent_in_order_with_ours(side: Session) -> None:
    """The library's packets are sent in order with ours; after the end, sending raises."""
    frame = event_frame("message.sent", {})
    side.session.push(frame, is_ephemeral=False)
    await side.session.send(packet.Packet(packet.MESSAGE, '31[{"ok":true}]'))
    side.session.push(frame, is_ephemeral=False)
    await turn()

    texts = [bytes(sent.data) for sent in side.frames()]
    assert texts == [frame[2:], b'431[{"ok":true}]', frame[2:]]
    assert orjson.loads(texts[1][3:]) == [{"ok": True}]

    await side.session.close(reason="server disconnect")
    assert side.close_frame() == (CloseCode.GOING_AWAY, "server disconnect")
    with pytest.raises(exceptions.SocketIsClosedError):
        await side.session.send(packet.Packet(packet.NOOP))
