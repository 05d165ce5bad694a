"""The acceptor of a running gateway: which requests become sessions or go to aiohttp, and the upgrade."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import orjson
import pytest
import pytest_asyncio
from websockets.frames import Frame, Opcode

from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime.transport.websocket import acceptor as module
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect
from tests.realtime.gateways import RunningGateway, gateway
from tests.realtime.transport.websocket.raw import (
    Raw,
    call,
    connect_packet,
    faults,
    head,
    polling,
    tcp,
    websocket,
)

QUERY = "EIO=4&transport=websocket"


@pytest_asyncio.fixture(scope="module")
async def running(module_store: MongoStore, settings: Settings) -> AsyncIterator[RunningGateway]:
    """A gateway."""
    async with gateway(replace(settings, limit_scale=1_000.0)) as running:
        yield running


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client does causes an internal error or a stack trace."""
    yield
    assert faults(caplog.get_records("call")) == []


# --- the head ------------------------------------------------------------------------------------


async def test_a_head_may_arrive_byte_by_byte(running: RunningGateway, talk: Talk) -> None:
    """A head may arrive byte by byte, with the first frames right after its last byte."""
    async with tcp(running.url) as raw:
        whole = head()
        for at in range(len(whole) - 1):
            raw.send(whole[at : at + 1])
            if at % 20 == 0:
                await asyncio.sleep(0)
        raw.send(whole[-1:], connect_packet(talk.customer), call(1, "mark_read", {}))

        assert await raw.status() == 101
        await raw.until("0{")
        await raw.until("40{")
        assert (await raw.answer(1))["error"]["code"] == "validation_failed"


@pytest.mark.parametrize("size", [17_000, 100_000])
async def test_an_endless_head_is_refused(running: RunningGateway, size: int) -> None:
    """A head without an end is answered with 431 and closed at 16 kB."""
    async with tcp(running.url) as raw:
        raw.send(head()[:-2] + b"X-Filler: " + b"x" * size)

        assert await raw.status() == 431
        await raw.rest()


async def test_a_connection_without_a_request_is_cut(
    running: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a complete head is cut after ten seconds (here 0.1)."""
    monkeypatch.setattr(module, "SESSION_WITHIN_S", 0.1)
    async with tcp(running.url) as silent, tcp(running.url) as half:
        half.send(head()[:50])

        assert await silent.rest() == await half.rest() == b""


REFUSED = {
    "another version of Engine.IO": head("EIO=3&transport=websocket"),
    "no version": head("transport=websocket"),
    "two versions": head("EIO=4&EIO=3&transport=websocket"),
    "another transport": head("EIO=4&transport=polling"),
    "no transport": head("EIO=4"),
    "an unknown session": head(f"{QUERY}&sid=realtime-1.unknown"),
    "a session id of no characters": head(f"{QUERY}&sid=%FF%FE%00"),
    "no key": head(key=False),
    "a short key": head().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="),
    "a key that is none": head().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"***"),
    "an old version of websockets": head().replace(b"Version: 13", b"Version: 8"),
    "no connection header": head().replace(b"Connection: Upgrade\r\n", b""),
    "two protocols": head().replace(b"Upgrade: websocket", b"Upgrade: websocket, h2c"),
    "another method": head().replace(b"GET", b"PUT", 1),
    "another path": head(path="/elsewhere/"),
    "an encoded path": head(path="/socket%2Eio/"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_invalid_websocket_request_is_refused(running: RunningGateway, name: str) -> None:
    """A request that is no valid websocket gets a 4xx, and the connection ends."""
    async with tcp(running.url) as raw:
        raw.send(REFUSED[name])

        assert 400 <= await raw.status() < 500
        await raw.rest()


@pytest.mark.parametrize(
    "more", [b"Content-Length: 5\r\n", b"no colon\r\n", b"\xff\xfe: x\r\n", b" folded\r\n"]
)
async def test_a_malformed_head_ends_its_connection(running: RunningGateway, more: bytes) -> None:
    """A malformed head never becomes a websocket."""
    async with tcp(running.url) as raw:
        raw.send(head()[:-2] + more + b"\r\n")

        assert b" 101 " not in (await raw.rest()).partition(b"\r\n")[0]


async def test_other_requests_go_to_aiohttp_which_closes_their_connection(
    running: RunningGateway,
) -> None:
    """Other requests go to aiohttp, which closes the connection.

    Otherwise a websocket request after the first one on a connection would bypass the acceptor.
    """
    async with tcp(running.url) as raw:
        raw.send(b"GET /health/live HTTP/1.1\r\nHost: parley\r\n\r\n" + head())

        answer = await raw.rest()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1


# --- the upgrade ---------------------------------------------------------------------------------


async def begun(raw: Raw) -> None:
    """Probe, and wait for the answer."""
    raw.send("2probe")
    await raw.until("3probe")


async def test_calls_in_the_segment_of_the_upgrade_are_executed_in_order(
    running: RunningGateway, talk: Talk
) -> None:
    """A call made by polling just before is answered as well; nothing is lost or doubled."""
    async with (
        polling(running.url, talk.customer) as polled,
        websocket(running.url, f"{QUERY}&sid={polled.sid}") as raw,
    ):
        await begun(raw)
        assert await polled.post(call(0, "join_conversation", talk.named())) == 200
        sends = [call(n, "send_message", talk.says(n, f"m{n}")) for n in range(1, 31)]
        raw.send("5", *sends)

        while len([text for text in raw.texts if text.startswith("43")]) < 31:
            await raw.until("43")

    answers = [text for text in raw.texts if text.startswith("43")]
    assert sorted(int(answer[2:].partition("[")[0]) for answer in answers) == list(range(31))
    bodies = {
        acknowledged["message"]["sequence"]: acknowledged["message"]["body"]
        for acknowledged in (orjson.loads(text[text.index("[") :])[0] for text in answers)
        if "message" in acknowledged
    }
    assert bodies == {n: f"m{n}" for n in range(1, 31)}


async def test_probe_upgrade_and_call_may_arrive_together(
    running: RunningGateway, talk: Talk
) -> None:
    """When probe, upgrade and call arrive together, the pending poll ends, but not the session."""
    async with polling(running.url, talk.customer) as polled, tcp(running.url) as raw:
        poll = asyncio.create_task(polled.poll())
        session = running.server.eio.sockets[polled.sid]
        async with asyncio.timeout(5):
            while not session._polls:  # noqa: ASYNC110 # a plain number
                await asyncio.sleep(0.005)
        call_ = call(1, "join_conversation", talk.named())
        raw.send(head(f"{QUERY}&sid={polled.sid}"), "2probe", "5", call_)
        assert await raw.status() == 101

        assert (await raw.answer(1))["ok"]
        async with asyncio.timeout(5):
            assert await poll == ["6"]


async def test_pushes_during_an_upgrade_arrive_once_and_in_order(
    running: RunningGateway, connect: Connect, talk: Talk
) -> None:
    """Pushes during an upgrade arrive once, by the poll, the handed-over queue or the websocket."""
    vendor = await connect(running, talk.vendor)
    async with polling(running.url, talk.customer) as polled:
        await polled.post(call(1, "join_conversation", talk.named()))
        await polled.until("431[")
        sending = asyncio.create_task(vendor.send_many(talk, range(200), in_flight=2))
        texts = await polled.poll()
        async with websocket(running.url, f"{QUERY}&sid={polled.sid}") as raw:
            await begun(raw)
            while "6" not in texts:
                texts += await polled.poll()
            raw.send("5")
            await sending
            async with asyncio.timeout(10):
                while len(pushed(texts + raw.texts)) < 200:
                    await raw.until("42")

    assert pushed(texts + raw.texts) == list(range(1, 201))


def pushed(texts: list[str]) -> list[int]:
    """The sequences of the messages among the packets."""
    events = [orjson.loads(text[2:]) for text in texts if text.startswith("42")]
    return [data["sequence"] for name, data in events if name == "message.sent"]


async def test_a_session_is_upgraded_once(running: RunningGateway, talk: Talk) -> None:
    """Another websocket is refused during an upgrade and after it; a poll is refused after it."""
    async with (
        polling(running.url, talk.customer) as polled,
        websocket(running.url, f"{QUERY}&sid={polled.sid}") as raw,
    ):
        for _ in range(2):
            async with tcp(running.url) as second:
                second.send(head(f"{QUERY}&sid={polled.sid}"))
                assert await second.status() == 400
            if "3probe" not in raw.texts:
                await begun(raw)
                raw.send("5", call(1, "join_conversation", talk.named()))
                assert (await raw.answer(1))["ok"]

        assert await polled.post(call(2, "join_conversation", talk.named())) == 400


async def test_a_websocket_session_cannot_be_upgraded(running: RunningGateway, talk: Talk) -> None:
    """A websocket session cannot be upgraded."""
    async with websocket(running.url) as raw, tcp(running.url) as second:
        sid = orjson.loads((await raw.until("0{"))[1:])["sid"]
        second.send(head(f"{QUERY}&sid={sid}"))

        assert await second.status() == 400
        raw.send(connect_packet(talk.customer))
        await raw.until("40{")


BROKEN: dict[str, list[str | bytes]] = {
    "lost before the probe": [],
    "lost behind the probe": ["2probe"],
    "no probe": ["40"],
    "an empty message": [""],
    "no upgrade behind the probe": ["2probe", "41"],
    "a binary message": [Frame(Opcode.BINARY, b"2probe").serialize(mask=True)],
    "no frame": [b"\xff" * 20],
    "a close": [Frame(Opcode.CLOSE, b"").serialize(mask=True)],
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_failed_upgrade_keeps_the_polling_session(
    running: RunningGateway, talk: Talk, name: str
) -> None:
    """After a failed upgrade the polling session is usable, and the next upgrade succeeds."""
    url, query = running.url, QUERY
    async with polling(url, talk.customer) as polled:
        query += f"&sid={polled.sid}"
        async with websocket(url, query) as raw:
            raw.send(*BROKEN[name])
            if name == "lost behind the probe":
                await raw.until("3probe")
            elif name != "lost before the probe":
                await raw.closed()

        assert await polled.post(call(1, "join_conversation", talk.named())) == 200
        assert orjson.loads((await polled.until("431["))[3:])[0]["ok"]
        async with websocket(url, query) as raw:
            await begun(raw)
            raw.send("5", call(2, "join_conversation", talk.named()))
            assert (await raw.answer(2))["ok"]


async def test_an_upgrade_that_takes_too_long_is_cut(
    running: RunningGateway, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade that takes too long is cut; the polling session remains."""
    monkeypatch.setattr(module, "SESSION_WITHIN_S", 0.1)
    async with polling(running.url, talk.customer) as polled:
        async with websocket(running.url, f"{QUERY}&sid={polled.sid}") as raw:
            await begun(raw)
            await raw.closed()

        assert await polled.is_known()
