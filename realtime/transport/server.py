"""The Socket.IO server: python-socketio for handshakes and rare packets, a direct path for calls.

A call does not pass through python-socketio: its session, on a websocket (`websocket/`) or polling,
hands it over parsed, and gets the acknowledgement back.
"""

import asyncio
from typing import Any

import orjson
import socketio
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import CONNECT_ERROR

from marketplace import tasks
from marketplace.addresses import client_address
from marketplace.errors import ParleyError
from marketplace.logs import get_logger
from marketplace.schemas.errors import error_view
from marketplace.schemas.json_text import read_json
from realtime.calls import CallDispatcher, refusal
from realtime.gateway import Gateway
from realtime.transport.clients import NAMESPACE, Clients
from realtime.transport.packets import CallPacket, RefusedCall
from realtime.transport.polled import MALFORMED, PolledRequests
from realtime.transport.polling import PollingSession
from realtime.transport.websocket.acceptor import Acceptor
from realtime.transport.websocket.flush_queue import FlushQueue
from realtime.transport.websocket.session import WebSocketSession
from realtime.transport.websocket.wheel import Wheel

LOG = get_logger(__name__)
# The longest call is a message of 8,000 characters: 32 kB at four bytes each, twice that when
# escaped. The library's default is 1 MB.
MAX_PAYLOAD_BYTES = 100_000
PING_EVERY_S = 20
PING_TIMEOUT_S = 15
_CONNECT, _DISCONNECT = "0", "1"
# Replaces the environ of a session once its handshake has been answered.
_EMPTY_ENVIRON: dict[str, Any] = {}

AnySession = WebSocketSession | PollingSession


class OrJson:
    """orjson in the form that python-engineio expects of a JSON module."""

    JSONDecodeError = orjson.JSONDecodeError

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """JSON text; the separators that the library asks for are the only ones orjson has."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """The value of a JSON text."""
        return orjson.loads(text)


class GatewayServer(socketio.AsyncServer):  # type: ignore[misc] # untyped library
    """python-socketio with our transport and ids; malformed packets end the connection."""

    def __init__(self, process_name: str) -> None:
        self.clients = Clients()
        super().__init__(
            async_mode="aiohttp",
            client_manager=self.clients,
            json=OrJson,
            namespaces=[NAMESPACE],
            cors_allowed_origins=[],
            max_http_buffer_size=MAX_PAYLOAD_BYTES,
            ping_interval=PING_EVERY_S,
            ping_timeout=PING_TIMEOUT_S,
            # nginx compresses polling responses; per-message deflate costs more than it saves here.
            http_compression=False,
            # The wheel does this: the library's monitor sleeps once per connection.
            monitor_clients=False,
        )
        # nginx reads the gateway's name from the session id, so that the polling requests and the
        # upgrade of a session reach the process that has it.
        generate = self.eio.generate_id
        self.eio.generate_id = lambda: f"{process_name}.{generate()}"
        self.wheel = Wheel()
        self.flush_queue = FlushQueue()
        self._gateway: Gateway | None = None
        self._calls: CallDispatcher | None = None

    def serve_for(self, gateway: Gateway, calls: CallDispatcher) -> None:
        """Route handshakes, calls and disconnects to the gateway."""
        self._gateway, self._calls = gateway, calls

        async def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
            try:
                await gateway.connect(sid, auth, _address(environ))
            except ParleyError as error:
                raise Refused(error.message, _details(error)) from error

        async def disconnect(sid: str, _reason: str) -> None:
            await gateway.disconnect(sid)

        self.on("connect", connect)
        self.on("disconnect", disconnect)

    def attach_to(self, app: web.Application) -> None:
        """Handle the requests of polling sessions."""
        app.router.add_route("*", "/socket.io/", PolledRequests(self).answer)

    async def listen(self, runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
        """Accept connections: websockets become sessions, aiohttp handles the rest."""
        make_http = runner.server
        if make_http is None:
            raise RuntimeError("the runner is not set up")
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: Acceptor(self, make_http, self.wheel), host, port, backlog=4_096
        )

    # --- what sessions and the acceptor need ------------------------------------------------------

    def opened(self, session: AnySession, environ: dict[str, Any]) -> None:
        """Register a new session."""
        self.eio.sockets[session.sid] = session
        self.environ[session.sid] = environ

    def upgraded(self, session: WebSocketSession) -> None:
        """Replace the polling session of the same id by a session on a websocket."""
        self.eio.sockets[session.sid] = session
        session.client_id = self.clients.replace(session.sid, session)

    def lost(self, sid: str, reason: str) -> None:
        """A session has ended."""
        self.eio.sockets.pop(sid, None)
        tasks.keep(self._handle_eio_disconnect(sid, reason))

    def receive_call(self, session: AnySession, call: CallPacket, size_bytes: int) -> None:
        """Run a call and acknowledge it."""
        tasks.keep(self._acknowledge(session, call, size_bytes))

    def refuse_call(self, session: AnySession, refused: RefusedCall, size_bytes: int) -> None:
        """Acknowledge a call that could not be parsed."""
        gateway, calls = self._require_services()
        try:
            connection = gateway.require(session.client_id)
            answer = calls.refuse(connection, refused.error, size_bytes)
        except ParleyError as error:
            answer = refusal(error)
        session.acknowledge(refused.packet_id, answer)

    async def receive_packet(self, sid: str, text: str) -> None:
        """Handle a Socket.IO packet that is not a call."""
        await self._handle_eio_message(sid, text)

    async def _acknowledge(self, session: AnySession, call: CallPacket, size_bytes: int) -> None:
        packet_id, name, arguments = call
        gateway, calls = self._require_services()
        try:
            connection = gateway.require(session.client_id)
            payload = arguments[0] if arguments else None
            answer = await calls.answer(connection, name, payload, size_bytes)
        except ParleyError as error:
            answer = refusal(error)
        session.acknowledge(packet_id, answer)

    def _require_services(self) -> tuple[Gateway, CallDispatcher]:
        if self._gateway is None or self._calls is None:
            raise RuntimeError("served before `serve_for`")
        return self._gateway, self._calls

    # --- python-socketio's own steps, guarded ---------------------------------------------------

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        is_first = self.clients.sid_from_eio_sid(eio_sid, NAMESPACE) is None
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        finally:
            if is_first:
                await self._settle(eio_sid)

    async def _settle(self, eio_sid: str) -> None:
        """Forget a handshake that failed, or whose session ended meanwhile: nothing else does."""
        if eio_sid in self.environ:
            self.environ[eio_sid] = _EMPTY_ENVIRON
        sid = self.clients.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None and not self.clients.is_connected(sid, NAMESPACE):
            if self._gateway is not None:
                await self._gateway.disconnect(sid)
            await self.clients.disconnect(sid, NAMESPACE)

    async def _handle_disconnect(
        self, eio_sid: str, namespace: str, reason: str | None = None
    ) -> None:
        _require_ours(namespace)
        await super()._handle_disconnect(eio_sid, namespace, reason)

    async def _handle_eio_message(self, eio_sid: str, data: str) -> None:
        """Handle a handshake or a disconnect; calls take another path, all else is malformed."""
        try:
            if data[:1] not in (_CONNECT, _DISCONNECT):
                raise ValueError("neither a handshake nor a disconnect")
            refused = _handshake_error(data)
            if refused is None:
                await super()._handle_eio_message(eio_sid, data)
            else:
                data_ = {"message": refused.message, "data": _details(refused)}
                await self._send_packet(eio_sid, self.packet_class(CONNECT_ERROR, data=data_))
        except Exception as error:
            MALFORMED.inc()
            LOG.info("malformed packet; closing the connection", why=repr(error)[:200])
            await self.close_session(eio_sid, "malformed")

    async def close_session(self, eio_sid: str, reason: str) -> None:
        """Close an Engine.IO session permanently."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            await socket.close(reason=reason)


def _details(error: ParleyError) -> dict[str, Any]:
    """The `data` of the `connect_error` that refuses a handshake."""
    view = error_view(error)
    return {name: view[name] for name in view if name not in ("message", "errors")}


def _handshake_error(packet: str) -> ParleyError | None:
    """Why a handshake's JSON cannot be parsed, if so: unanswered, an app retries for ever."""
    start = packet.find("{")
    if packet[:1] != _CONNECT or start < 0:
        return None
    try:
        read_json(packet[start:].encode())
    except ParleyError as error:
        return error
    return None


def _require_ours(namespace: str | None) -> None:
    """Refuse another namespace: `Clients` has one, and ignores its name."""
    if namespace not in (None, NAMESPACE):
        raise ValueError("there is no such namespace")


def _address(environ: dict[str, Any]) -> str:
    """The client's address, as reported by our proxy."""
    return client_address(environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", ""))


async def close_connections(_request: web.Request, response: web.StreamResponse) -> None:
    """Close the connection after each aiohttp response, so that `Acceptor` sees every request."""
    response.force_close()
    response.headers["Connection"] = "close"
