"""Relays over the module's database, made as in `relay.__main__`, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from marketplace.bootstrap import open_parts
from marketplace.kafka import ensure_topics
from marketplace.process import Process
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from relay import __main__ as program
from relay import lease
from tests.realtime.gateways import free_port
from tests.relay.topics import Topics


@dataclass(frozen=True, slots=True)
class RunningRelay:
    """A relay that is working or waiting for the lease."""

    process: Process
    task: "asyncio.Task[None]"

    async def stop(self) -> None:
        """Stop as SIGTERM does."""
        self.process.stopping.set()
        await self.task

    async def crash(self) -> None:
        """End between two instructions, without notifying anybody."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


StartRelay = Callable[..., AbstractAsyncContextManager[RunningRelay]]


@pytest.fixture(autouse=True)
def _short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease of two seconds, so that takeovers are quick."""
    monkeypatch.setattr(lease, "TTL_S", 2.0)
    monkeypatch.setattr(program, "TTL_S", 2.0)
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.2)


@pytest.fixture
def start_relay(settings: Settings) -> StartRelay:
    """Starts relays and stops them at the end."""

    @asynccontextmanager
    async def start(name: str = "relay-1", **named: str) -> AsyncIterator[RunningRelay]:
        own = replace(settings, process_name=name, bind_port=free_port(), **named)  # type: ignore[arg-type] # all are strings
        async with open_parts(own) as parts:
            process = Process(parts)
            relay = RunningRelay(process, asyncio.create_task(program.main(process)))
            try:
                yield relay
            finally:
                process.stopping.set()
                await asyncio.gather(relay.task, return_exceptions=True)

    return start


@pytest_asyncio.fixture
async def topics(kafka_bootstrap_servers: str, store: MongoStore) -> AsyncIterator[Topics]:
    """A reader of all topics."""
    await ensure_topics(kafka_bootstrap_servers)
    reader = Topics(kafka_bootstrap_servers)
    await reader.start()
    yield reader
    await reader.stop()
