"""The running stack, as a journey controls it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from embedded.servers import probes
from embedded.servers.running import Running
from marketplace.bootstrap import Parts, open_parts
from marketplace.settings import from_environment
from tests.journeys.waiting import eventually

GATEWAYS = ("realtime-1", "realtime-2")


@dataclass(frozen=True, slots=True)
class Site:
    """nginx's address with a client for it, and the stack behind it.

    Journeys use `parts` only to read the store and to create an admin; everything else goes through
    nginx.
    """

    running: Running
    http: httpx.AsyncClient
    parts: Parts

    @property
    def url(self) -> str:
        """The address that people and apps use."""
        return self.running.url("nginx")

    async def stop(self, name: str) -> None:
        """Stop one process or server with SIGTERM and keep it down."""
        await asyncio.to_thread(self.running.stop, name)

    async def start(self, name: str) -> None:
        """Start a stopped one and return when it is ready."""
        await asyncio.to_thread(self.running.start, name)

    async def kill(self, name: str, hold_s: float = 0.0) -> None:
        """`kill -9` one; the supervisor restarts it, after `hold_s` seconds at the earliest."""
        before = self.running.pid(name)
        await asyncio.to_thread(self.running.kill, name, signal.SIGKILL, hold_s)

        async def is_gone() -> bool:
            return self.running.pid(name) != before

        await eventually(is_gone)

    async def is_ready(self, name: str) -> bool:
        """Whether a process runs and reports that it is ready."""
        health = f"{self.running.url(name)}/health/ready"
        return self.running.pid(name) is not None and await probes.is_healthy(health)

    async def is_back(self, name: str) -> None:
        """Wait until a process that was killed or in trouble is ready again."""
        await eventually(lambda: self.is_ready(name))

    async def documents(
        self, collection: str, order: str, **condition: Any
    ) -> list[dict[str, Any]]:
        """The matching documents of a collection, ordered by a field."""
        cursor = self.parts.store.database[collection].find(condition).sort(order)
        found: list[dict[str, Any]] = await cursor.to_list(None)
        return found


@asynccontextmanager
async def opened(stack: Running) -> AsyncIterator[Site]:
    """Open a client and the parts for a running stack."""
    settings = from_environment({**stack.environment, "PARLEY_PROCESS_NAME": "journeys"})
    async with (
        open_parts(settings) as parts,
        httpx.AsyncClient(base_url=stack.url("nginx"), trust_env=False, timeout=30) as client,
    ):
        yield Site(stack, client, parts)
