"""Socket.IO 5 over Engine.IO 4 in the few packets an app needs, by websocket or polling.

python-socketio's own client handles every packet in a separate task: their order is lost, and fifty
clients take a core. Here a packet is handled before the next one is read, so that the record has
the order of the wire; a connection can be cut at any point, or stop reading.

Protocols: socket.io/docs/v4/socket-io-protocol and engine-io-protocol.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

HANDSHAKE_WITHIN_S = 10.0
# The server pings every 20 s and gives up after 15 s more; so does the client.
SILENT_FOR_S = 40.0
# A page of 200 messages of 8,000 characters.
MAX_FRAME_BYTES = 10_000_000
_SEPARATOR = "\x1e"

Answered = Callable[[dict[str, Any]], None]
Pushed = Callable[[str, dict[str, Any]], None]


class ConnectionRefusedByGatewayError(Exception):
    """The gateway, or a proxy in front of it, did not let the app in."""


class _Transport(Protocol):
    """Carries Engine.IO packets."""

    async def open(self) -> list[str]:
        """Connect; returns the first packets."""

    async def send(self, packet: str) -> None:
        """Send one packet."""

    async def receive(self) -> list[str]:
        """Wait for the next packets; raises OSError at the end."""

    def cut(self) -> None:
        """End the connection at once, without a close."""


class _WebSocket:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = f"ws://{parts.netloc}/socket.io/?EIO=4&transport=websocket"
        self._socket: ClientConnection | None = None

    async def open(self) -> list[str]:
        # A few frames at a time: an app that stops reading must not have a library that reads on.
        self._socket = await connect(
            self._url, proxy=None, compression=None, ping_interval=None, max_queue=4,
            close_timeout=1, open_timeout=HANDSHAKE_WITHIN_S, max_size=MAX_FRAME_BYTES,
        )  # fmt: skip
        return await self.receive()

    async def send(self, packet: str) -> None:
        assert self._socket is not None
        await self._socket.send(packet)

    async def receive(self) -> list[str]:
        assert self._socket is not None
        return [str(await self._socket.recv())]

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()


class _Polling:
    def __init__(self, url: str) -> None:
        self._url = f"{url}/socket.io/?EIO=4&transport=polling"
        timeout = aiohttp.ClientTimeout(total=SILENT_FOR_S)
        self._http = aiohttp.ClientSession(timeout=timeout)
        self._closing: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # one POST at a time, or the order is undefined

    async def open(self) -> list[str]:
        packets = await self.receive()
        self._url += "&sid=" + json.loads(packets[0][1:])["sid"]
        return packets

    async def send(self, packet: str) -> None:
        async with self._turn:
            if self._http.closed:
                raise OSError("the connection is over")
            async with self._http.post(self._url, data=packet) as answer:
                if answer.status != 200:
                    raise OSError(f"a POST was answered with {answer.status}")

    async def receive(self) -> list[str]:
        async with self._http.get(self._url) as answer:
            if answer.status != 200:
                raise OSError(f"a poll was answered with {answer.status}")
            return (await answer.text()).split(_SEPARATOR)

    def cut(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._http.close())


class Wire:
    """One connection, open from `open` to `closed`."""

    def __init__(self, url: str, token: str, pushed: Pushed, *, polling: bool = False) -> None:
        self._transport: _Transport = _Polling(url) if polling else _WebSocket(url)
        self._token = token
        self._pushed = pushed
        self._answers: dict[int, Answered] = {}
        self._numbers = itertools.count(1)
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._reading: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        self.reason = ""
        self.name = ""

    @property
    def gateway(self) -> str:
        """The gateway's name, with which the session id begins."""
        return self.name.partition(".")[0]

    async def open(self) -> None:
        """Connect and log in.

        Raises:
            ConnectionRefusedByGatewayError: for any reason.
        """
        try:
            async with asyncio.timeout(HANDSHAKE_WITHIN_S):
                packets = await self._transport.open()
                self.name = json.loads(packets.pop(0)[1:])["sid"]
                await self._transport.send("40" + json.dumps({"token": self._token}))
                while not packets:
                    packets = await self._transport.receive()
        except (OSError, WebSocketException, aiohttp.ClientError, TimeoutError) as error:
            self._transport.cut()
            raise ConnectionRefusedByGatewayError(repr(error)) from error
        first, *rest = packets
        if not first.startswith("40"):
            self._transport.cut()
            raise ConnectionRefusedByGatewayError(first)
        for packet in rest:
            await self._take(packet)
        self._reading = asyncio.create_task(self._read())

    async def call(self, name: str, payload: dict[str, Any], answered: Answered) -> None:
        """Send a call; `answered` gets its acknowledgement, in order of arrival.

        On a connection that has ended, it does nothing: the app finds out through `closed`.
        """
        number = next(self._numbers)
        self._answers[number] = answered
        with contextlib.suppress(OSError, WebSocketException, aiohttp.ClientError, TimeoutError):
            await self._transport.send(f"42{number}" + json.dumps([name, payload]))

    async def ask(
        self, name: str, payload: dict[str, Any], seen: Answered = lambda _: None
    ) -> dict[str, Any]:
        """Make a call and return the acknowledgement; `seen` gets it before anything that follows.

        Raises:
            OSError: the connection ended first.
        """
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def answered(acknowledgement: dict[str, Any]) -> None:
            seen(acknowledgement)
            if not answer.done():
                answer.set_result(acknowledgement)

        await self.call(name, payload, answered)
        closed = asyncio.ensure_future(self.closed.wait())
        waits: set[asyncio.Future[Any]] = {answer, closed}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
        if not answer.done():
            raise OSError(f"the connection ended: {self.reason}")
        return answer.result()

    def stop_reading(self) -> None:
        """Read nothing more from the socket: data piles up on the other side."""
        self._may_read.clear()

    def read_on(self) -> None:
        """Read what has piled up."""
        self._may_read.set()

    async def cut(self, reason: str = "cut by the app") -> None:
        """End the connection at once."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._end(reason)

    async def _read(self) -> None:
        try:
            while True:
                await self._may_read.wait()
                async with asyncio.timeout(SILENT_FOR_S):
                    packets = await self._transport.receive()
                for packet in packets:
                    await self._take(packet)
        except TimeoutError:
            self._end("silent")
        except (OSError, WebSocketException, aiohttp.ClientError) as error:
            self._end(repr(error))

    async def _take(self, packet: str) -> None:
        if packet == "2":
            await self._transport.send("3")
        elif packet.startswith("42"):
            name, *data = json.loads(packet[2:])
            self._pushed(name, data[0] if data else {})
        elif packet.startswith("43"):
            number, _, body = packet[2:].partition("[")
            self._answers.pop(int(number))(json.loads("[" + body)[0])
        elif packet == "1" or packet.startswith("41"):
            raise OSError("closed by the gateway")

    def _end(self, reason: str) -> None:
        if not self.closed.is_set():
            self.reason = reason
            self._transport.cut()
            self.closed.set()
