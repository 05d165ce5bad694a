"""A client that stops reading is bounded, then closed, and affects nobody else."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import orjson
import pytest
import pytest_asyncio

from realtime.transport.websocket import outgoing
from realtime.transport.websocket.outgoing import DROPPED_EPHEMERAL
from tests.realtime.apps import Talk
from tests.realtime.conftest import Connect, Gateways

BODY = "a" * 8_000


@pytest_asyncio.fixture
async def slow_reader(gateways: Gateways, talk: Talk) -> AsyncIterator[asyncio.StreamReader]:
    """The customer's app in the conversation; it reads nothing once it has joined."""
    host, port = gateways[0].url.removeprefix("http://").split(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=small, limit=2_048)
    writer.write(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: parley\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    join = ["join_conversation", talk.named()]
    await _read_until(reader, b"0{")
    writer.write(_frame(b"40" + orjson.dumps({"token": talk.customer.token})))
    await _read_until(reader, b"40{")
    writer.write(_frame(b"421" + orjson.dumps(join)))
    await _read_until(reader, b'"has_more"')
    yield reader
    writer.transport.abort()


async def _read_until(reader: asyncio.StreamReader, marker: bytes) -> None:
    """Read up to and including the part that contains the marker."""
    got = b""
    async with asyncio.timeout(10):
        while marker not in got:
            part = await reader.read(2_048)
            assert part, got
            got += part


def _frame(text: bytes) -> bytes:
    """A masked text frame (RFC 6455, section 5.2); the mask is zero."""
    return b"\x81" + bytes([0x80 | 126]) + len(text).to_bytes(2) + bytes(4) + text


async def test_a_slow_reader_is_cut_without_affecting_others(
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    slow_reader: asyncio.StreamReader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow reader's queue ends at its bound; the connection is cut, and resumes by sequence."""
    monkeypatch.setattr(outgoing, "MAX_WAITING_BYTES", 200_000)
    monkeypatch.setattr(outgoing, "STALLED_AFTER_S", 0.5)
    presence = gateways[0].parts.world.presence
    vendor = await connect(gateways[0], talk.vendor)
    await vendor.ok("join_conversation", talk.named())
    assert await presence.is_connected(talk.customer.id)

    count = 0
    async with asyncio.timeout(30):
        while await presence.is_connected(talk.customer.id):
            payloads = (talk.says(f"m-{count + n}", BODY) for n in range(20))
            await asyncio.gather(*(vendor.ok("send_message", payload) for payload in payloads))
            count += 20

    await vendor.has_up_to(count)
    assert vendor.sequences() == list(range(1, count + 1))
    async with asyncio.timeout(10):
        with suppress(ConnectionResetError):
            while await slow_reader.read(65_536):
                pass
    back = await connect(gateways[1], talk.customer)
    snapshot = await back.ok("join_conversation", talk.named(after_sequence=0))
    assert (snapshot["head"], snapshot["entries"][0]["sequence"]) == (count, 1)


async def test_typing_is_dropped_first(
    gateways: Gateways, connect: Connect, talk: Talk, slow_reader: asyncio.StreamReader
) -> None:
    """Pushes that are worthless when late are dropped for a slow reader, long before its bound."""
    vendor = await connect(gateways[0], talk.vendor)
    dropped_before = DROPPED_EPHEMERAL._value.get()

    async with asyncio.timeout(30):
        count = 0
        while DROPPED_EPHEMERAL._value.get() == dropped_before:
            payloads = (talk.says(f"m-{count + n}", BODY) for n in range(20))
            await asyncio.gather(*(vendor.ok("send_message", payload) for payload in payloads))
            await vendor.ok("set_typing", talk.named(is_typing=True))
            count += 20

    assert await gateways[0].parts.world.presence.is_connected(talk.customer.id)
    assert not slow_reader.at_eof()


async def test_metrics_count_slow_readers_and_dropped_pushes(gateways: Gateways) -> None:
    """An operator sees how many readers were cut off and what was dropped."""
    async with aiohttp.ClientSession() as http, http.get(f"{gateways[0].url}/metrics") as answer:
        text = await answer.text()

    for name in ("parley_slow_readers_closed_total", "parley_pushes_delivered_total"):
        assert f"\n{name}" in text
