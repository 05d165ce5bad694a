"""Serves an app, and shuts down without breaking off requests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sanic import Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.http.constants import HTTP

from marketplace.logs import get_logger
from rest.app import App
from rest.service import Service

LOG = get_logger(__name__)
FINISH_WITHIN_S = 10.0
_POLL_S = 0.02


@asynccontextmanager
async def serving(app: App, host: str, port: int) -> AsyncIterator[None]:
    """Serve while the context is open; on exit, requests in flight get up to 10 s to finish.

    Raises:
        OSError: the address is taken.
    """
    server: Any = await app.create_server(
        host=host,
        port=port,
        backlog=4_096,
        return_asyncio_server=True,
        # Sanic's routes are ready only after `startup`; accept no connection before that.
        asyncio_server_kwargs={"start_serving": False},
    )
    # Otherwise Sanic sends an Alt-Svc header with other HTTP versions, empty when it knows none.
    app.state.server_info = [ApplicationServerInfo({"version": HTTP.VERSION_1})]
    try:
        await server.startup()
        await server.start_serving()
        yield
    finally:
        await _end(server, app.ctx.service)
        Sanic.unregister_app(app)


async def _end(server: Any, service: Service) -> None:
    """Stop accepting, let every connection finish its request, and wait for changes in flight."""
    closed = server.close()
    try:
        async with asyncio.timeout(FINISH_WITHIN_S):
            for connection in tuple(server.connections):
                _close_after_request(connection)
            while server.connections:  # noqa: ASYNC110 # Sanic does not signal when one is gone
                await asyncio.sleep(_POLL_S)
            if service.running:
                await asyncio.wait(service.running)
    except TimeoutError:
        LOG.warning("requests were cut off at shutdown", connections=len(server.connections))
        for connection in tuple(server.connections):
            connection.abort()
        for task in tuple(service.running):
            task.cancel()
    await asyncio.wait([closed], timeout=1)


def _close_after_request(connection: Any) -> None:
    if not connection.close_if_idle():
        connection.http.keep_alive = False
