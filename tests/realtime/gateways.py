"""Gateways for tests: the same code as `realtime.__main__`, in this process and on a free port."""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest

from marketplace.bootstrap import Parts, open_parts
from marketplace.process import Process
from marketplace.settings import Settings
from realtime import __main__ as realtime
from realtime.__main__ import main
from realtime.transport.server import AnySession, GatewayServer


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class WatchedServer(GatewayServer):
    """Records why its latest sessions ended: the gateway itself does not log it."""

    def __init__(self, process_name: str) -> None:
        super().__init__(process_name)
        self.ended: deque[str] = deque(maxlen=20)

    def lost(self, sid: str, reason: str) -> None:
        """A session has ended."""
        self.ended.append(f"session {sid} ended: {reason}")
        super().lost(sid, reason)


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A running gateway: its address, its Socket.IO server, its process object and its task."""

    url: str
    server: WatchedServer
    process: Process
    task: "asyncio.Task[None]"

    @property
    def parts(self) -> Parts:
        """The parts that the gateway was opened with."""
        return self.process.parts

    async def ready(self) -> tuple[int, dict[str, object]]:
        """Request /health/ready; returns the status and the body."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/health/ready") as answer,
        ):
            return answer.status, await answer.json()

    def sessions(self) -> list[str]:
        """Describe its sessions, ended and open, one a line, for the message of a failed test."""
        opened = (_describe(session) for session in self.server.eio.sockets.values())
        return [*self.server.ended, *opened]


def _describe(session: AnySession) -> str:
    state = {name: getattr(session, name, None) for name in type(session).__slots__}
    shown = [f"{name}={value!r}" for name, value in state.items() if isinstance(value, bool | str)]
    return f"open: {type(session).__name__} {' '.join(shown)}"


@asynccontextmanager
async def gateway(
    settings: Settings, name: str = "realtime-1", port: int | None = None
) -> AsyncIterator[RunningGateway]:
    """Run a gateway, on a free port by default; it drains when the context ends."""
    port = port or free_port()
    async with open_parts(replace(settings, process_name=name, bind_port=port)) as parts:
        process = Process(parts)
        servers: list[WatchedServer] = []

        def create(process_name: str) -> WatchedServer:
            servers.append(WatchedServer(process_name))
            return servers[0]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(realtime, "GatewayServer", create)
            task = asyncio.create_task(main(process))
            await asyncio.sleep(0)  # `main` creates its server before it first waits
        try:
            async with asyncio.timeout(20):
                while not process.is_ready and not task.done():  # noqa: ASYNC110 # a plain flag
                    await asyncio.sleep(0.005)
            yield RunningGateway(f"http://127.0.0.1:{port}", servers[0], process, task)
        finally:
            process.stopping.set()
            await task
