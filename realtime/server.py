"""The python-socketio server on aiohttp: handshakes and calls in, acknowledgements out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import socketio
from aiohttp import WSCloseCode
from engineio.async_drivers import aiohttp as engineio_aiohttp
from engineio.exceptions import EngineIOError
from prometheus_client import Counter
from socketio.exceptions import ConnectionRefusedError as Refused

from marketplace.errors import ParleyError
from realtime.calls import Calls
from realtime.gateway import Gateway
from realtime.transport import OrJson, close

LOG = logging.getLogger(__name__)
# The longest call is a message of 8,000 characters, 32 kB at four bytes each and as much again
# when escaped; the library's default is 1 MB.
MAX_PAYLOAD_BYTES = 100_000
PING_EVERY_S = 20
PING_TIMEOUT_S = 15
HANDSHAKE_WITHIN_S = 10.0
# How long a full socket buffer may stand still before its connection is cut.
SENT_WITHIN_S = 10.0
_ENGINE_PACKETS = frozenset("123456")  # no "b": binary in base 64, of which no call has any
_BINARY_PACKETS = frozenset("56")
# Names of python-socketio's own handlers: sent by a client, they would call these.
_RESERVED = frozenset({"connect", "disconnect", "*"})

_MALFORMED = Counter("parley_malformed_frames_total", "Frames that were no packet")


class GuardedWebSocket(engineio_aiohttp.WebSocket):  # type: ignore[misc] # untyped library
    """Closes a websocket at a frame that is no Engine.IO packet, and when nobody reads it.

    python-engineio decodes frames outside its error handling: such a frame would end the request
    with a stack trace and leave the session behind until its ping time-out.
    """

    async def send(self, message: str | bytes) -> None:
        """Send a frame; cuts the connection when it is not taken in time."""
        try:
            async with asyncio.timeout(SENT_WITHIN_S):
                await super().send(message)
        except TimeoutError:
            # A closing handshake would wait in the same full buffer.
            transport = self.environ["aiohttp.request"].transport
            if transport is not None:
                transport.abort()
            raise

    async def wait(self) -> str | bytes:
        """The next frame; raises OSError at the end or at a malformed one."""
        data: str | bytes = await super().wait()
        if isinstance(data, bytes) or data[:1] not in _ENGINE_PACKETS:
            _MALFORMED.inc()
            await self._sock.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"malformed")
            raise OSError("not an Engine.IO packet")
        return data


class GatewayServer(socketio.AsyncServer):  # type: ignore[misc] # untyped library
    """python-socketio with our ids, and with an end for connections that send nonsense."""

    def __init__(self, process_name: str) -> None:
        super().__init__(
            async_mode="aiohttp",
            json=OrJson,
            namespaces=["/"],
            cors_allowed_origins=[],
            max_http_buffer_size=MAX_PAYLOAD_BYTES,
            ping_interval=PING_EVERY_S,
            ping_timeout=PING_TIMEOUT_S,
            # nginx compresses what is polled; per-message deflate costs more than it saves here.
            http_compression=False,
        )
        # nginx reads the gateway's name out of the session id, so that polling requests and the
        # upgrade of one session come to the process that has it.
        generate = self.eio.generate_id
        self.eio.generate_id = lambda: f"{process_name}.{generate()}"
        self.eio._async = {**self.eio._async, "websocket": GuardedWebSocket}

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        socket = self.eio.sockets[eio_sid]
        socket.handle_post_request = _guarded(self, eio_sid, socket)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_event(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:  # noqa: A002 # the library's name
        if not isinstance(data[0], str) or data[0] in _RESERVED:
            raise ValueError("no name of a call")
        await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if not isinstance(data, str) or data[:1] in _BINARY_PACKETS:
                raise ValueError("no call has binary data")
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            _MALFORMED.inc()
            LOG.info("a malformed packet ends a connection", extra={"why": repr(error)[:200]})
            await close(self, eio_sid)


def _guarded(
    server: GatewayServer, eio_sid: str, socket: Any
) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """What a session does with a polled body: one that is no Engine.IO payload ends it with 400."""
    receive = socket.handle_post_request

    async def receive_checked(environ: dict[str, Any]) -> None:
        try:
            await receive(environ)
        except (ValueError, IndexError) as error:
            _MALFORMED.inc()
            await close(server, eio_sid)
            raise EngineIOError("not an Engine.IO payload") from error
        if socket.closed:  # by what was received: the poll that waits meanwhile ends as well
            socket.queue.put_nowait(None)

    return receive_checked


def attach(server: GatewayServer, gateway: Gateway, calls: Calls) -> None:
    """Route handshakes, calls and ends of connections."""

    async def connect(sid: str, _environ: dict[str, Any], auth: object = None) -> None:
        try:
            await gateway.connect(sid, auth)
        except ParleyError as error:
            told = {"code": error.code, "temporary": error.meaning.is_temporary}
            raise Refused(error.message, told) from error

    async def disconnect(sid: str, _reason: str) -> None:
        await gateway.disconnect(sid)

    async def call(name: str, sid: str, *arguments: object) -> dict[str, Any] | None:
        connection = gateway.connection(sid)
        if connection is None:  # it went while the call was on its way
            return None
        payload = arguments[0] if arguments else None
        return await calls.answer(connection, name, payload)

    server.on("connect", connect)
    server.on("disconnect", disconnect)
    server.on("*", call)


async def forget_refused(server: GatewayServer) -> None:
    """End transports that never came to a checked handshake, ten seconds after they opened."""
    seen: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(1.0)
        connected = set(server.manager.rooms.get("/", {}).get(None, {}).values())
        waiting = {sid for sid in server.eio.sockets if sid not in connected}
        seen = {sid: seen.get(sid, loop.time()) for sid in waiting}
        for sid, since in seen.items():
            if loop.time() - since > HANDSHAKE_WITHIN_S:
                await close(server, sid)
