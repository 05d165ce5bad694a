"""What a session writes: when, in which order, and within which bounds."""

import asyncio

import orjson
import pytest
from engineio import exceptions, packet
from websockets.frames import CloseCode, Frame, Opcode

from realtime.transport.websocket import outgoing
from realtime.transport.websocket.frames import acknowledgement_frame, event_frame
from tests.realtime.transport.websocket.sessions import Session, turn


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
