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
from realtime.transport import OrJson

LOG = logging.getLogger(__name__)
# The longest call is a message of 8,000 characters, 32 kB at four bytes each and as much again
# when escaped; the library's default is 1 MB.
MAX_PAYLOAD_BYTES = 100_000
PING_EVERY_S = 20
PING_TIMEOUT_S = 15
HANDSHAKE_WITHIN_S = 10.0
_ENGINE_PACKETS = frozenset("123456")  # no "b": binary in base 64, of which no call has any
# Names of python-socketio's own handlers: sent by a client, they would call these.
_RESERVED = frozenset({"connect", "disconnect", "*"})

_MALFORMED = Counter("parley_malformed_frames_total", "Frames that were no packet")


class GuardedWebSocket(engineio_aiohttp.WebSocket):  # type: ignore[misc] # untyped library
    """Closes a websocket at a frame that is no Engine.IO packet.

    python-engineio decodes frames outside its error handling: such a frame would end the request
    with a stack trace and leave the session behind until its ping time-out.
    """

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
        socket.handle_post_request = _guarded(socket.handle_post_request)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_event(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:  # noqa: A002 # the library's name
        if not isinstance(data[0], str) or data[0] in _RESERVED:
            raise ValueError("no name of a call")
        await super()._handle_event(eio_sid, namespace, id, data)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            _MALFORMED.inc()
            LOG.info("a malformed packet ends a connection", extra={"why": repr(error)[:200]})
            await self.eio.disconnect(eio_sid)


def _guarded(
    receive: Callable[[dict[str, Any]], Awaitable[None]],
) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Answer a polled body that is no Engine.IO payload with 400 and the end of its session."""

    async def receive_checked(environ: dict[str, Any]) -> None:
        try:
            await receive(environ)
        except ValueError as error:
            _MALFORMED.inc()
            raise EngineIOError("not an Engine.IO payload") from error

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
                await server.eio.disconnect(sid)
