"""Connections on which a test controls every byte: websockets and polling."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from tests.realtime.apps import Person

WITHIN_S = 15.0
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def text(payload: str | bytes) -> bytes:
    """A text frame as a client sends it."""
    data = payload.encode() if isinstance(payload, str) else payload
    return Frame(Opcode.TEXT, data).serialize(mask=True)


def head(
    query: str = "EIO=4&transport=websocket", path: str = "/socket.io/", **without: bool
) -> bytes:
    """The request head for a websocket; `key=False` omits its key."""
    lines = [
        b"GET %s?%s HTTP/1.1" % (path.encode(), query.encode()),
        b"Host: parley",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
    ]
    if without.get("key", True):
        lines.append(b"Sec-WebSocket-Key: " + _KEY)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def connect_packet(person: Person) -> str:
    """The Socket.IO handshake packet of a person."""
    return "40" + orjson.dumps({"token": person.token}).decode()


def call(number: int, name: str, payload: Any) -> str:
    """A Socket.IO call."""
    return f"42{number}" + orjson.dumps([name, payload]).decode()


def faults(records: Iterable[logging.LogRecord]) -> list[str]:
    """The messages of records that are errors or have a stack trace.

    python-engineio logs the first client mistake of each kind as an error; those are left out.
    """
    loud = (record for record in records if record.exc_info or record.levelno >= logging.ERROR)
    return [text for record in loud if "further occurrences" not in (text := record.getMessage())]


class Raw:
    """One TCP connection to a gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
        self._frames: list[Frame] = []
        # Every Engine.IO packet that was received, in order.
        self.texts: list[str] = []

    def send(self, *pieces: str | bytes) -> None:
        """Send everything in one segment: strings become text frames, bytes are sent unchanged."""
        self._writer.write(b"".join(text(p) if isinstance(p, str) else p for p in pieces))

    async def status(self) -> int:
        """Read the head of an HTTP answer; returns its status."""
        async with asyncio.timeout(WITHIN_S):
            answer = await self._reader.readuntil(b"\r\n\r\n")
        return int(answer.split(b" ", 2)[1])

    async def rest(self) -> bytes:
        """Read everything until the connection ends."""
        async with asyncio.timeout(WITHIN_S):
            with suppress(ConnectionError):
                return await self._reader.read()
        return b""

    async def frame(self) -> Frame | None:
        """Return the next frame, or None at the end of the connection."""
        async with asyncio.timeout(WITHIN_S):
            while not self._frames:
                try:
                    data = await self._reader.read(65_536)
                except ConnectionError:
                    data = b""
                if not data:
                    return None
                self._protocol.receive_data(data)
                assert self._protocol.parser_exc is None
                self._frames += [e for e in self._protocol.events_received() if type(e) is Frame]
        return self._frames.pop(0)

    async def until(self, *starts: str) -> str:
        """Read until a text starts with one of these, and return it; answers pings meanwhile."""
        while (frame := await self.frame()) is not None and frame.opcode is Opcode.TEXT:
            got = bytes(frame.data).decode()
            self.texts.append(got)
            if got == "2":
                self.send("3")
            if got.startswith(starts):
                return got
        raise AssertionError(f"closed instead of {starts}: {frame}, after {self.texts[-5:]}")

    async def closed(self) -> Close | None:
        """Wait for the end of the connection; returns the close code and reason, if any."""
        close = None
        while (frame := await self.frame()) is not None:
            if frame.opcode is Opcode.CLOSE:
                close = Close.parse(bytes(frame.data))
            else:
                self.texts.append(bytes(frame.data).decode())
        return close

    async def answer(self, number: int) -> dict[str, Any]:
        """Wait for the acknowledgement of a call."""
        start = f"43{number}["
        answer: dict[str, Any] = orjson.loads((await self.until(start))[len(start) - 1 :])[0]
        return answer

    async def answers(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """Wait for the acknowledgements of calls, in any order; returns them by number."""
        missing, found = set(numbers), dict[int, dict[str, Any]]()
        while missing:
            number, _, answer = (await self.until("43"))[2:].partition("[")
            missing.discard(int(number))
            found[int(number)] = orjson.loads(f"[{answer}")[0]
        return [found[number] for number in sorted(found)]

    def cut(self) -> None:
        """Abort the connection without a close frame."""
        self._writer.transport.abort()


@asynccontextmanager
async def tcp(url: str) -> AsyncIterator[Raw]:
    """A TCP connection to a gateway."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    reader, writer = await asyncio.open_connection(host, port)
    raw = Raw(reader, writer)
    try:
        yield raw
    finally:
        raw.cut()


@asynccontextmanager
async def websocket(url: str, query: str = "EIO=4&transport=websocket") -> AsyncIterator[Raw]:
    """An accepted websocket, without a Socket.IO connection."""
    async with tcp(url) as raw:
        raw.send(head(query))
        assert await raw.status() == 101
        yield raw


@asynccontextmanager
async def connected(url: str, person: Person) -> AsyncIterator[Raw]:
    """A websocket with a person's Socket.IO connection."""
    async with websocket(url) as raw:
        await raw.until("0{")
        raw.send(connect_packet(person))
        await raw.until("40{")
        yield raw


class Polling:
    """A polling session."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self.url = http, url

    @property
    def sid(self) -> str:
        """The session's id."""
        return self.url.rpartition("sid=")[2]

    async def post(self, *packets: str | bytes) -> int:
        """Send packets in one body; returns the status."""
        body = b"\x1e".join(p.encode() if isinstance(p, str) else p for p in packets)
        async with self._http.post(self.url, data=body) as answer:
            await answer.read()
            return answer.status

    async def packets(self) -> list[str]:
        """Poll once; returns the packets, or none if the session has ended."""
        async with self._http.get(self.url) as answer:
            text = await answer.text()
            assert answer.status in (200, 400), text
            return [] if answer.status == 400 else text.split("\x1e")

    async def poll(self) -> list[str]:
        """Poll a session that must still exist; returns the packets."""
        packets = await self.packets()
        assert packets, "the session is over"
        return packets

    async def until(self, *starts: str) -> str:
        """Poll until a packet starts with one of these, and return it."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                for packet in await self.poll():
                    if packet.startswith(starts):
                        return packet

    async def is_known(self) -> bool:
        """Whether the session still exists: it then accepts a pong."""
        return await self.post("3") == 200


@asynccontextmanager
async def polling(url: str, person: Person | None = None) -> AsyncIterator[Polling]:
    """A polling session, connected as a person if one is given."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(WITHIN_S)) as http:
        url += "/socket.io/?EIO=4&transport=polling"
        async with http.get(url) as answer:
            sid = orjson.loads((await answer.read())[1:])["sid"]
        session = Polling(http, f"{url}&sid={sid}")
        if person is not None:
            assert await session.post(connect_packet(person)) == 200
            await session.until("40{")
        yield session
