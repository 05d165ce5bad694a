"""How a session ends: time-outs, close frames, and what is sent before them."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.frames import Close, CloseCode, Frame, Opcode

from realtime.transport.websocket import session as module
from realtime.transport.websocket.frames import PING, acknowledgement_frame
from tests.realtime.transport.websocket.sessions import Session, turn


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
