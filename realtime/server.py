"""The Socket.IO server: python-socketio for handshakes, polling and whatever is rare; calls straight.

Over a websocket (`realtime/websocket`) a call does not pass through python-socketio: it comes here
decoded, and its acknowledgement goes out as one frame.  Over polling it takes the library's way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import socketio
from aiohttp import web
from engineio.exceptions import EngineIOError
from prometheus_client import Counter
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import ACK

from marketplace import tasks
from marketplace.addresses import client_address
from marketplace.errors import Code, ParleyError
from realtime import polling
from realtime.calls import Calls, refusal
from realtime.clients import NAMESPACE, Clients
from realtime.gateway import Gateway
from realtime.transport import OrJson, close_polling
from realtime.websocket.door import Door
from realtime.websocket.outbox import Outbox
from realtime.websocket.packets import RESERVED
from realtime.websocket.session import HANDSHAKE_WITHIN_S, Session
from realtime.websocket.wheel import Wheel

LOG = logging.getLogger(__name__)
# The longest call is a message of 8,000 characters, 32 kB at four bytes each and as much again
# when escaped; the library's default is 1 MB.
MAX_PAYLOAD_BYTES = 100_000
PING_EVERY_S = 20
PING_TIMEOUT_S = 15
CHECK_POLLING_EVERY_S = 5.0
_BINARY_PACKETS = frozenset("56")
# What is kept of who asked, once the handshake is answered.
_FORGOTTEN: dict[str, Any] = {}

_MALFORMED = Counter("parley_malformed_polls_total", "Polled packets that were no packet")


class GatewayServer(socketio.AsyncServer):  # type: ignore[misc] # untyped library
    """python-socketio with our transport, our ids, and an end for connections that send nonsense."""

    manager: Clients

    def __init__(self, process_name: str) -> None:
        super().__init__(
            async_mode="aiohttp",
            client_manager=Clients(),
            json=OrJson,
            namespaces=[NAMESPACE],
            cors_allowed_origins=[],
            max_http_buffer_size=MAX_PAYLOAD_BYTES,
            ping_interval=PING_EVERY_S,
            ping_timeout=PING_TIMEOUT_S,
            # nginx compresses what is polled; per-message deflate costs more than it saves here.
            http_compression=False,
            # The wheel does it: the library's monitor sleeps once for each connection.
            monitor_clients=False,
        )
        # nginx reads the gateway's name out of the session id, so that polling requests and the
        # upgrade of one session come to the process that has it.
        generate = self.eio.generate_id
        self.eio.generate_id = lambda: f"{process_name}.{generate()}"
        self.eio._async = {**self.eio._async, "websocket": _RefusedWebSocket}
        self._handle_http = self.eio.handle_request
        self.eio.handle_request = self._handle_polling
        self.wheel = Wheel()
        self.outbox = Outbox()
        self._gateway: Gateway | None = None
        self._calls: Calls | None = None

    def serve_for(self, gateway: Gateway, calls: Calls) -> None:
        """Route handshakes, calls and ends of connections."""
        self._gateway, self._calls = gateway, calls

        async def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
            try:
                await gateway.connect(sid, auth, _address(environ))
            except ParleyError as error:
                told = {"code": error.code, "temporary": error.meaning.is_temporary}
                if error.retry_after_ms is not None:
                    told["retry_after_ms"] = error.retry_after_ms
                raise Refused(error.message, told) from error

        async def disconnect(sid: str, _reason: str) -> None:
            await gateway.disconnect(sid)

        async def call(name: str, sid: str, *arguments: object) -> dict[str, Any]:
            return await self._answer(sid, name, arguments)

        self.on("connect", connect)
        self.on("disconnect", disconnect)
        self.on("*", call)

    async def listen(self, runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
        """Accept connections: websockets for sessions, the rest for aiohttp."""
        make_http = runner.server
        if make_http is None:
            raise RuntimeError("the runner is not set up")
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: Door(self, make_http, self.wheel), host, port, backlog=4_096
        )

    # --- what sessions and the door need (realtime/websocket) -----------------------------------

    def opened(self, session: Session, environ: dict[str, Any]) -> None:
        """A session on a websocket is there."""
        self.eio.sockets[session.sid] = session
        self.environ[session.sid] = environ

    def upgraded(self, session: Session) -> None:
        """A session takes the place of the polling one of the same id."""
        self.eio.sockets[session.sid] = session
        session.client_id = self.manager.replace(session.sid, session)

    def lost(self, sid: str, reason: str) -> None:
        """A session is over."""
        self.eio.sockets.pop(sid, None)
        tasks.keep(self._handle_eio_disconnect(sid, reason))

    def receive_call(
        self, session: Session, packet_id: bytes, name: str, arguments: list[Any]
    ) -> None:
        """Carry out a call and acknowledge it."""
        tasks.keep(self._acknowledge(session, packet_id, name, arguments))

    async def receive_packet(self, sid: str, text: str) -> None:
        """Take a Socket.IO packet that is no call."""
        await self._handle_eio_message(sid, text)

    async def _acknowledge(
        self, session: Session, packet_id: bytes, name: str, arguments: list[Any]
    ) -> None:
        session.acknowledge(packet_id, await self._answer(session.client_id, name, arguments))

    async def _answer(self, sid: str | None, name: str, arguments: Any) -> dict[str, Any]:
        if self._gateway is None or self._calls is None:
            raise RuntimeError("served before `serve_for`")
        connection = self._gateway.connection(sid) if sid is not None else None
        if connection is None:
            return refusal(self._not_connected())
        return await self._calls.answer(connection, name, arguments[0] if arguments else None)

    def _not_connected(self) -> ParleyError:
        """The refusal of a call that belongs to no connection.

        A POST may come between the end of a connection that drains and the end of its session: an
        app that is told then that its token is none throws its log-in away.
        """
        if self._gateway is not None and self._gateway.is_draining:
            return ParleyError(Code.DRAINING, "Connect again; another gateway takes you.")
        return ParleyError(Code.UNAUTHENTICATED, "Connect with a token first.")

    async def _handle_polling(self, request: web.Request) -> web.StreamResponse:
        """A request to python-engineio, which fails over a POST to a session that has just ended."""
        sid, sockets = request.query.get("sid"), self.eio.sockets
        if sid in sockets and sockets[sid].closed:
            del sockets[sid]
        answer: web.StreamResponse = await self._handle_http(request)
        return answer

    # --- python-socketio's own steps, guarded ---------------------------------------------------

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        """A polling session begins."""
        socket = self.eio.sockets[eio_sid]
        socket.handle_post_request = _guarded(self, eio_sid, socket)
        socket.poll = partial(polling.poll, socket)
        self.wheel.add(PollingWatch(self, socket), HANDSHAKE_WITHIN_S)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        is_first = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE) is None
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        finally:
            if is_first:
                await self._settle(eio_sid)

    async def _settle(self, eio_sid: str) -> None:
        """Forget a handshake that failed, or whose session went meanwhile: nobody else will."""
        if eio_sid in self.environ:
            self.environ[eio_sid] = _FORGOTTEN
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None and not self.manager.is_connected(sid, NAMESPACE):
            if self._gateway is not None:
                await self._gateway.disconnect(sid)
            await self.manager.disconnect(sid, NAMESPACE)

    async def _handle_event(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:  # noqa: A002 # the library's name
        _require_ours(namespace)
        if not isinstance(data[0], str) or data[0] in RESERVED:
            raise ValueError("no name of a call")
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None and self.manager.is_connected(sid, NAMESPACE):
            await super()._handle_event(eio_sid, namespace, id, data)
        elif id is not None:  # the library would drop it
            answer = await self._answer(None, data[0], data[1:])
            packet = self.packet_class(ACK, id=id, namespace=namespace, data=[answer])
            await self._send_packet(eio_sid, packet)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str, reason: str | None = None
    ) -> None:
        _require_ours(namespace)
        await super()._handle_disconnect(eio_sid, namespace, reason)

    async def _handle_ack(self, eio_sid: str, namespace: str, id: Any, data: Any) -> None:  # noqa: A002 # the library's name
        raise ValueError("no push asks for an acknowledgement")

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            if not isinstance(data, str) or data[:1] in _BINARY_PACKETS:
                raise ValueError("no call has binary data")
            await super()._handle_eio_message(eio_sid, data)
        except Exception as error:
            _MALFORMED.inc()
            LOG.info("a malformed packet ends a connection", extra={"why": repr(error)[:200]})
            await close(self, eio_sid, "malformed")


def _require_ours(namespace: str | None) -> None:
    """Refuse another namespace: `Clients` has one, and looks at no name."""
    if namespace not in (None, NAMESPACE):
        raise ValueError("there is no such namespace")


class PollingWatch:
    """Looks after a polling session: its handshake, its pings, and its end."""

    def __init__(self, server: GatewayServer, socket: Any) -> None:
        self._server = server
        self._socket = socket

    def tick(self) -> float | None:
        """End what never connected or does not answer pings."""
        socket, sockets = self._socket, self._server.eio.sockets
        if sockets.get(socket.sid) is not socket:  # closed, or upgraded
            return None
        if socket.closed:
            sockets.pop(socket.sid)
            return None
        sid = self._server.manager.sid_from_eio_sid(socket.sid, NAMESPACE)
        if sid is None or not self._server.manager.is_connected(sid, NAMESPACE):
            tasks.keep(close_polling(socket))
        else:
            tasks.keep(socket.check_ping_timeout())
        return CHECK_POLLING_EVERY_S


class _RefusedWebSocket:
    """python-engineio offers upgrades only where it has a websocket class; none comes this way."""

    def __init__(self, _handler: object, server: Any) -> None:
        self._server = server

    async def __call__(self, _environ: dict[str, Any]) -> dict[str, Any]:
        """Refuse a websocket that reached aiohttp: `Door` takes those it can read."""
        refused: dict[str, Any] = self._server._bad_request("Open a websocket by itself")
        return refused


async def close(server: GatewayServer, eio_sid: str, reason: str) -> None:
    """Close an Engine.IO session for good."""
    socket = server.eio.sockets.get(eio_sid)
    if isinstance(socket, Session):
        await socket.close(reason=reason)
    elif socket is not None:
        await close_polling(socket)


def _address(environ: dict[str, Any]) -> str:
    """The client's address, as our proxy names it."""
    polled = environ.get("aiohttp.request")
    peer = polled.remote if polled is not None else environ["REMOTE_ADDR"]
    return client_address(peer or "", environ.get("HTTP_X_FORWARDED_FOR", ""))


def _guarded(
    server: GatewayServer, eio_sid: str, socket: Any
) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """What a session does with a polled body: one that is no Engine.IO payload ends it with 400."""

    async def receive_checked(environ: dict[str, Any]) -> None:
        try:
            await polling.receive(socket, environ)
        except (ValueError, LookupError, EngineIOError) as error:
            _MALFORMED.inc()
            await close(server, eio_sid, "malformed")
            # The library answers 400 to a session that it has, and fails over one that it has not.
            server.eio.sockets.setdefault(eio_sid, socket)
            raise EngineIOError("not an Engine.IO payload") from error
        if socket.closed:  # by what was received: the poll that waits meanwhile ends as well
            socket.queue.put_nowait(None)

    return receive_checked


async def close_connections(_request: web.Request, response: web.StreamResponse) -> None:
    """Let every answer of aiohttp end its connection, so that `Door` sees every request."""
    response.force_close()
    response.headers["Connection"] = "close"
