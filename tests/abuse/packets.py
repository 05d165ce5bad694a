"""HTTP, websockets (RFC 6455) and polling in the few bytes that attacks need, from a given address."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

import aiohttp

SOCKET = "/socket.io/?EIO=4&transport="
_HANDSHAKE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def client(url: str, address: str, *, timeout_s: float = 20.0) -> aiohttp.ClientSession:
    """An HTTP client at one of this machine's addresses."""
    return aiohttp.ClientSession(
        url,
        connector=aiohttp.TCPConnector(local_addr=(address, 0), limit=0),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    )


async def connection(url: str, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection from an address."""
    host, _, port = url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port), local_addr=(address, 0), limit=65_536)


def frame(text: str) -> bytes:
    """A client's text frame, masked with zeros."""
    data = text.encode()
    if len(data) < 126:
        head = bytes([0x81, 0x80 | len(data)])
    elif len(data) < 65_536:
        head = bytes([0x81, 0x80 | 126]) + len(data).to_bytes(2, "big")
    else:
        head = bytes([0x81, 0x80 | 127]) + len(data).to_bytes(8, "big")
    return head + bytes(4) + data


def call(number: int, name: str, payload: dict[str, Any]) -> str:
    """A call as a Socket.IO packet."""
    return f"42{number}" + json.dumps([name, payload])


class WebSocket:
    """A websocket that reads only when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, url: str, address: str, token: str) -> Self:
        """Connect and log in.

        Raises:
            ConnectionError, IncompleteReadError: it was refused.
        """
        reader, writer = await connection(url, address)
        writer.write(_HANDSHAKE.format(host=url.removeprefix("http://")).encode())
        await reader.readuntil(b"\r\n\r\n")
        opened = cls(reader, writer)
        await opened.read()
        writer.write(frame("40" + json.dumps({"token": token})))
        await opened.read()
        return opened

    async def read(self) -> str:
        """Read the server's next text frame."""
        head = await self._reader.readexactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        data = await self._reader.readexactly(size)
        if head[0] & 0x0F == 8:
            raise ConnectionResetError("closed by the server")
        return data.decode()

    async def ask(self, number: int, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Make a call, and wait for the acknowledgement."""
        self.writer.write(frame(call(number, name, payload)))
        while True:
            text = await self.read()
            if text == "2":
                self.writer.write(frame("3"))
            elif text.startswith(f"43{number}["):
                answer: dict[str, Any] = json.loads(text[len(f"43{number}") :])[0]
                return answer

    def cut(self) -> None:
        """Abort the connection."""
        self.writer.transport.abort()


class Polling:
    """A polling session; use it as `async with`."""

    def __init__(self, url: str, address: str) -> None:
        self._http = client(url, address)
        self._path = f"{SOCKET}polling"
        self.id = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def open(self, token: str) -> None:
        """Connect and log in.

        Raises:
            ConnectionError: it was refused.
        """
        opening = await self.poll()
        self.id = json.loads(opening[1:].partition("\x1e")[0])["sid"]
        self._path += f"&sid={self.id}"
        await self.post("40" + json.dumps({"token": token}))
        await self.poll()

    @property
    def gateway(self) -> str:
        """The gateway that holds the session."""
        return self.id.partition(".")[0]

    async def poll(self) -> str:
        """Poll once; returns the body."""
        async with self._http.get(self._path) as answer:
            if answer.status != 200:
                raise ConnectionRefusedError(str(answer.status))
            return await answer.text()

    async def post(self, *packets: str) -> int:
        """Post packets in one body; returns the status."""
        async with self._http.post(self._path, data="\x1e".join(packets)) as answer:
            await answer.read()
            return answer.status
