"""Gateways for tests: the same code as `realtime.__main__`, in this process and on a free port."""

import asyncio
import socket
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
from realtime.transport.server import GatewayServer


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A running gateway: its address, its process object and its task."""

    url: str
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


@asynccontextmanager
async def gateway(
    settings: Settings, name: str = "realtime-1", port: int | None = None
) -> AsyncIterator[RunningGateway]:
    """Run a gateway, on a free port by default; it drains when the context ends."""
    port = port or free_port()
    async with open_parts(replace(settings, process_name=name, bind_port=port)) as parts:
        process = Process(parts)
        task = asyncio.create_task(main(process))
        try:
            async with asyncio.timeout(20):
                while not process.is_ready and not task.done():  # noqa: ASYNC110 # a plain flag
                    await asyncio.sleep(0.005)
            yield RunningGateway(f"http://127.0.0.1:{port}", process, task)
        finally:
            process.stopping.set()
            await task


@asynccontextmanager
async def watched_gateway(
    settings: Settings,
) -> AsyncIterator[tuple[RunningGateway, GatewayServer]]:
    """Run a gateway and expose its Socket.IO server, for tests that inspect its internal state."""
    made: list[GatewayServer] = []

    def make(process_name: str) -> GatewayServer:
        made.append(GatewayServer(process_name))
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(realtime, "GatewayServer", make)
        async with gateway(settings) as running:
            yield running, made[0]
