"""Frames that no well-behaved client sends, over a raw websocket and over polling."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import aiohttp
import orjson
import pytest
import pytest_asyncio

from realtime.transport import polling
from realtime.transport.websocket import session
from realtime.transport.websocket.wheel import SLOTS
from tests.realtime.apps import Person, Talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.transport.websocket import raw as by_hand

SOCKET_IO = "/socket.io/?EIO=4&transport="
Socket = aiohttp.ClientWebSocketResponse


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        yield session


@pytest_asyncio.fixture
async def raw(http: aiohttp.ClientSession, gateways: Gateways, talk: Talk) -> AsyncIterator[Socket]:
    """A raw websocket with an established Socket.IO connection."""
    url = gateways[0].url.replace("http", "ws") + SOCKET_IO + "websocket"
    async with http.ws_connect(url) as socket:
        assert (await socket.receive_str(timeout=10)).startswith("0{")
        await socket.send_str("40" + orjson.dumps({"token": talk.customer.token}).decode())
        assert (await socket.receive_str(timeout=10)).startswith("40{")
        yield socket


async def ended(socket: Socket) -> None:
    """Wait until the gateway closes the websocket."""
    async with asyncio.timeout(5):
        while (await socket.receive()).type not in {
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.ERROR,
        }:
            pass


FRAMES = [
    "",
    "x",
    "9",
    "٣",
    "b!!!",
    "bAAAA",
    "4",
    "4x",
    "49",
    "42",
    "42{",
    "42{}",
    "42[]",
    "42[[]]",
    "42[{}]",
    "42[null]",
    '42["connect",{}]',
    '42["disconnect","bye"]',
    '42["*",{}]',
    "4" + "[" * 20_000,
    '4{"a":1}',
    "45-",
    "41/other,",
    "430[]",
    "43",
    b"\x00\x01",
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: repr(frame)[:30])
async def test_a_malformed_frame_ends_its_connection_quietly(
    frame: str | bytes,
    raw: Socket,
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A malformed frame ends its connection without a stack trace; the gateway serves all others."""
    other = await connect(gateways[0], talk.vendor)

    if isinstance(frame, bytes):
        await raw.send_bytes(frame)
    else:
        await raw.send_str(frame)
    await ended(raw)

    presence = gateways[0].parts.world.presence
    async with asyncio.timeout(5):
        while await presence.is_connected(talk.customer.id):  # noqa: ASYNC110 # the gateway's state
            await asyncio.sleep(0.005)
    assert (await other.ok("join_conversation", talk.named()))["head"] == 0
    assert [
        record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR
    ] == []


async def test_a_second_connect_packet_is_refused(raw: Socket, talk: Talk) -> None:
    """One websocket carries one connection, so that nobody evades the limits with more."""
    await raw.send_str("40" + orjson.dumps({"token": talk.customer.token}).decode())

    assert (await raw.receive_str(timeout=10)).startswith("44")


BODIES = [
    b"\xff\xfe",
    b"x",
    b"4\x1e9",
    b"\x1e".join([b"6"] * 3_000),
    b"d=",
    b"d=x",
    b"0{}",
    b"2",
    b"6",
    b"4" + b"x" * 100_000,
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:20])
@pytest.mark.parametrize("is_posted_next", [False, True])
async def test_a_malformed_polled_body_ends_its_session_quietly(
    is_posted_next: bool,
    body: bytes,
    http: aiohttp.ClientSession,
    gateways: Gateways,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer is 400, and the session is gone."""
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        sid = orjson.loads((await answer.read())[1:])["sid"]
    async with http.post(f"{url}&sid={sid}", data=body) as answer:
        assert answer.status == 400
    ask = http.post if is_posted_next else http.get
    async with ask(f"{url}&sid={sid}") as answer:
        assert answer.status == 400
    assert [record for record in caplog.records if record.exc_info] == []


async def test_concurrent_malformed_bodies_are_all_answered(
    http: aiohttp.ClientSession, gateways: Gateways, caplog: pytest.LogCaptureFixture
) -> None:
    """The first one ends the session while the others are in flight."""
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        url += "&sid=" + orjson.loads((await answer.read())[1:])["sid"]

    async def post() -> int:
        async with http.post(url, data=b"x") as answer:
            return answer.status

    assert await asyncio.gather(*(post() for _ in range(20))) == [400] * 20
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("has_length", [True, False])
async def test_a_body_may_arrive_in_parts(
    has_length: bool, http: aiohttp.ClientSession, gateways: Gateways, talk: Talk
) -> None:
    """A body may arrive in parts, with a Content-Length or in chunks."""
    packet = b"40" + orjson.dumps({"token": talk.customer.token})

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, len(packet), 100):
            yield packet[at : at + 100]
            await asyncio.sleep(0.01)

    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        url += "&sid=" + orjson.loads((await answer.read())[1:])["sid"]
    headers = {"Content-Length": str(len(packet))} if has_length else {}
    async with http.post(url, data=parts(), headers=headers) as answer:
        assert answer.status == 200
    async with http.get(url) as answer:
        assert (await answer.text()).startswith("40{")


@pytest.mark.parametrize("part", [b"", b"4"])
async def test_an_incomplete_body_ends_its_session_quietly(
    part: bytes,
    gateways: Gateways,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client that starts a body and stops occupies nothing forever (here for 0.1 s)."""
    monkeypatch.setattr(polling, "BODY_WITHIN_S", 0.1)
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        sid = orjson.loads((await answer.read())[1:])["sid"]
    host, port = gateways[0].url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = f"{SOCKET_IO}polling&sid={sid}"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: parley\r\n".encode())
    writer.write(b"Content-Length: 100\r\n\r\n" + part)

    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.transport.abort()
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_call_before_the_handshake_is_answered(
    http: aiohttp.ClientSession, gateways: Gateways
) -> None:
    """A call before the handshake gets a code, over polling as over a websocket."""
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        url += "&sid=" + orjson.loads((await answer.read())[1:])["sid"]
    async with http.post(url, data=b'427["mark_read",{}]') as answer:
        assert answer.status == 200
    async with http.get(url) as answer:
        text = await answer.text()

    assert text.startswith("437[")
    assert orjson.loads(text[3:])[0]["error"]["code"] == "unauthenticated"


async def test_a_handshake_whose_session_ends_in_the_same_body_leaves_nothing(
    gateways: Gateways, http: aiohttp.ClientSession, talk: Talk
) -> None:
    """An account does not stay connected through a client that has already gone."""
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        url += "&sid=" + orjson.loads((await answer.read())[1:])["sid"]
    packets = (b"40" + orjson.dumps({"token": talk.customer.token}), b"1")
    async with http.post(url, data=b"\x1e".join(packets)) as answer:
        assert answer.status == 200

    presence = gateways[0].parts.world.presence
    async with asyncio.timeout(5):
        while await presence.is_connected(talk.customer.id):  # noqa: ASYNC110 # the gateway's state
            await asyncio.sleep(0.01)


async def test_a_poll_returns_no_more_than_every_client_accepts(
    http: aiohttp.ClientSession, gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """The Python client refuses a body of more than 16 packets; the next polls bring the rest."""
    vendor = await connect(gateways[0], talk.vendor)
    url = gateways[0].url + SOCKET_IO + "polling"
    async with http.get(url) as answer:
        url += "&sid=" + orjson.loads((await answer.read())[1:])["sid"]
    join = ["join_conversation", talk.named()]
    token = {"token": talk.customer.token}
    for packet in (b"40" + orjson.dumps(token), b"420" + orjson.dumps(join)):
        async with http.post(url, data=packet) as answer:
            assert answer.status == 200
        async with http.get(url) as answer:
            assert answer.status == 200

    await vendor.ok("join_conversation", talk.named())
    await vendor.send_many(talk, range(50))
    await vendor.has_up_to(50)
    sequences: list[int] = []
    async with asyncio.timeout(10):
        while len(sequences) < 50:
            async with http.get(url) as answer:
                packets = (await answer.text()).split("\x1e")
            assert len(packets) <= 16
            pushes = [orjson.loads(packet[2:]) for packet in packets]
            sequences += [data["sequence"] for name, data in pushes if name == "message.sent"]
    assert sequences == list(range(1, 51))


async def test_a_session_id_names_its_gateway(
    http: aiohttp.ClientSession, gateways: Gateways
) -> None:
    """nginx uses it to route polls and the upgrade to the process that has the session."""
    for gateway, name in zip(gateways, ("realtime-1", "realtime-2"), strict=True):
        async with http.get(gateway.url + SOCKET_IO + "polling") as answer:
            assert orjson.loads((await answer.read())[1:])["sid"].startswith(f"{name}.")


async def test_an_app_may_upgrade_from_polling_to_websocket(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """A browser's client does this."""
    app = await connect(gateways[0], talk.customer, transports=["polling", "websocket"])
    poller = await connect(gateways[1], talk.vendor, transports=["polling"])
    assert (app.client.transport(), poller.client.transport()) == ("websocket", "polling")
    for client in (app, poller):
        await client.ok("join_conversation", talk.named())

    await poller.send_many(talk, range(5))
    for client in (app, poller):
        await client.has_up_to(5)

    assert app.sequences() == poller.sequences() == [1, 2, 3, 4, 5]


async def test_a_silent_transport_is_closed(
    http: aiohttp.ClientSession, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle transport is closed when its handshake does not arrive in time, here in 0.1 s."""
    monkeypatch.setattr(session, "HANDSHAKE_WITHIN_S", 0.1)
    url = gateways[0].url.replace("http", "ws") + SOCKET_IO + "websocket"

    async with http.ws_connect(url) as socket:
        await socket.receive_str(timeout=10)
        await ended(socket)


@pytest.mark.parametrize("opened", [by_hand.connected, by_hand.polling])
async def test_a_slow_handshake_is_answered(
    opened: Callable[[str, Person], AbstractAsyncContextManager[object]],
    gateways: Gateways,
    talk: Talk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A session is not ended for want of a handshake while MongoDB checks its log-in."""
    parts, wheel = gateways[0].parts, gateways[0].server.wheel
    check = parts.store.sessions.alive

    async def check_late(session_ids: list[str]) -> set[str]:
        for _ in range(SLOTS):  # all time-outs of the session pass
            wheel.turn()
        return await check(session_ids)

    monkeypatch.setattr(parts.store.sessions, "alive", check_late)

    async with opened(gateways[0].url, talk.customer):
        assert await parts.world.presence.is_connected(talk.customer.id)
