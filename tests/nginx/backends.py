"""Small real servers behind nginx: one instead of REST, several gateways."""

import secrets
from collections.abc import Callable

import socketio
from aiohttp import web

from embedded.supervision.ports import choose

HOST = "127.0.0.1"


class Backend:
    """An aiohttp application on a separate port that can be stopped and restarted."""

    def __init__(self, application: Callable[[], web.Application], host: str, port: int) -> None:
        self._application = application
        self._runner: web.AppRunner | None = None
        self.host = host
        self.port = port

    @property
    def address(self) -> str:
        """Its entry in a list of upstreams."""
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()

    async def stop(self) -> None:
        """Close the port and every connection, as a dying process does."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def echo(name: str) -> Backend:
    """Build a server that answers every request with what arrived."""

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response(
            {
                "server": name,
                "path": request.path_qs,
                "method": request.method,
                "bytes": len(body),
                "headers": {key.lower(): value for key, value in request.headers.items()},
                "padding": "x" * 2000,
            }
        )

    def application() -> web.Application:
        built = web.Application(client_max_size=64 * 1024 * 1024)
        built.router.add_route("*", "/{path:.*}", answer)
        return built

    return Backend(application, HOST, choose())


def gateway(name: str, host: str = HOST, port: int | None = None) -> Backend:
    """Build a Socket.IO server whose session ids begin with its name; `whoami` returns the name."""

    def application() -> web.Application:
        # The client's `disconnect` waits for its pending poll, which ends with the next ping.
        server = socketio.AsyncServer(async_mode="aiohttp", ping_interval=0.5, ping_timeout=5)
        server.eio.generate_id = lambda: f"{name}.{secrets.token_urlsafe(12)}"

        async def whoami(_sid: str) -> str:
            return name

        server.on("whoami", whoami)
        built = web.Application()
        server.attach(built)
        return built

    return Backend(application, host, port or choose())
