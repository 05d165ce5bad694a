"""What a session does with the packets it receives: calls, handshakes, and invalid ones."""

import pytest
from websockets.frames import CloseCode, Frame, Opcode

from marketplace.errors import Code
from realtime.transport.websocket import session as module
from tests.realtime.transport.websocket.raw import text
from tests.realtime.transport.websocket.sessions import Session, call, turn


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
