"""Two gateways per module, and apps that are disconnected after each test.

- `gateways` realtime-1 and realtime-2 over the module's database and the session's Valkey
- `connect` connects a person's app to a gateway
- `talk` two people and their conversation
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest_asyncio

from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.realtime.apps import App, Person, Talk, a_talk, an_app
from tests.realtime.gateways import RunningGateway, gateway

Connect = Callable[..., Awaitable[App]]
Gateways = tuple[RunningGateway, RunningGateway]


@pytest_asyncio.fixture(scope="module")
async def gateways(module_store: MongoStore, settings: Settings) -> AsyncIterator[Gateways]:
    """Run two gateways side by side, with limits so high that tests only reach them on purpose."""
    settings = replace(settings, limit_scale=1_000.0)
    async with gateway(settings, "realtime-1") as one, gateway(settings, "realtime-2") as two:
        yield one, two


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connects apps, by websocket by default, and checks all they get against the contract."""
    apps: list[App] = []

    async def make(
        to: RunningGateway, person: Person | None = None, *, auth: Any = None, **more: Any
    ) -> App:
        app = an_app()
        apps.append(app)
        given = auth if person is None else {"token": person.token}
        await app.connect(to, given, **{"wait_timeout": 30, **more})
        return app

    yield make
    for app in apps:
        await app.client.disconnect()
    assert [fault for app in apps for fault in app.faults] == []


@pytest_asyncio.fixture
async def talk(store: MongoStore, settings: Settings) -> Talk:
    """Create two people and a conversation between them."""
    return await a_talk(store, settings)
