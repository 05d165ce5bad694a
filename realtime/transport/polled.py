"""The HTTP requests of polling sessions (Engine.IO protocol 4): open, poll, post."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from aiohttp import web
from prometheus_client import Counter

from realtime.transport import polling
from realtime.transport.binding import ClientIdentity, identify, owner_of, set_cookie
from realtime.transport.polling import InvalidPayloadError, PollingSession, SessionEndedError

MALFORMED = Counter(
    "parley_malformed_polls_total", "Packets in polling requests that were not valid packets"
)
# The reference server's errors (engine.io, lib/server.ts).
_UNKNOWN_TRANSPORT = (0, "Transport unknown")
_UNKNOWN_SESSION = (1, "Session ID unknown")
_BAD_METHOD = (2, "Bad handshake method")
_BAD_REQUEST = (3, "Bad request")
_BAD_VERSION = (5, "Unsupported protocol version")


class Server(polling.Server, Protocol):
    """What the requests need of the Socket.IO server, besides what a session needs."""

    def opened(self, session: PollingSession, environ: dict[str, Any]) -> None:
        """Register a new session; `environ` describes who opened it."""


class PolledRequests:
    """Answers the requests for one gateway."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any request to the Socket.IO path that is not a websocket handshake."""
        query = request.query
        client = identify(request.remote or "", request.headers)
        if query.get("transport", "polling") != "polling":
            return _refusal(*_UNKNOWN_TRANSPORT)
        if "sid" not in query:
            return self._open(request, client)
        session = self._server.eio.sockets.get(query["sid"])
        # One message for both cases, so that guessing session ids reveals nothing.
        if not isinstance(session, PollingSession) or not session.owner.is_same(client):
            return _refusal(*_UNKNOWN_SESSION)
        if request.method == "GET":
            return await self._poll(session)
        if request.method == "POST":
            return await self._post(session, request)
        return _refusal(*_BAD_REQUEST)

    def _open(self, request: web.Request, client: ClientIdentity) -> web.Response:
        if request.method != "GET":
            return _refusal(*_BAD_METHOD)
        if request.query.getall("EIO", []) != ["4"]:
            return _refusal(*_BAD_VERSION)
        engine = self._server.eio
        session = PollingSession(self._server, engine.generate_id(), owner_of(client))
        self._server.opened(session, _environ(request))
        opening = {
            "sid": session.sid,
            "upgrades": ["websocket"],
            "pingTimeout": int(engine.ping_timeout * 1_000),
            "pingInterval": int(engine.ping_interval * 1_000),
            "maxPayload": engine.max_http_buffer_size,
        }
        answer = _text(b"0" + orjson.dumps(opening))
        is_secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        answer.headers["Set-Cookie"] = set_cookie(session.owner.secret, is_secure=is_secure)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def _poll(self, session: PollingSession) -> web.Response:
        try:
            return _text(await session.poll())
        except SessionEndedError:
            return _refusal(*_UNKNOWN_SESSION)

    async def _post(self, session: PollingSession, request: web.Request) -> web.Response:
        try:
            await session.receive(request.content)
        except InvalidPayloadError:
            MALFORMED.inc()
            session.end("malformed")
            return _refusal(*_BAD_REQUEST)
        if session.reason:
            return _refusal(_BAD_REQUEST[0], session.reason)
        return _text(b"ok")


def _environ(request: web.Request) -> dict[str, Any]:
    """The part of a WSGI environment that the handshake reads."""
    return {
        "REMOTE_ADDR": request.remote or "",
        "HTTP_X_FORWARDED_FOR": request.headers.get("X-Forwarded-For", ""),
    }


def _text(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/plain", charset="UTF-8")


def _refusal(code: int, message: str) -> web.Response:
    body: Mapping[str, object] = {"code": code, "message": message}
    return web.Response(body=orjson.dumps(body), status=400, content_type="application/json")
