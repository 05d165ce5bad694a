"""Starting to serve, and shutting down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from embedded.supervision import ports
from marketplace.actions import accounts, rfis
from rest import serving as serving_module
from rest.app import make_app
from rest.serving import serving
from tests.rest.people import Rest, a_draft, registered


class Second:
    """Another app with the same connections that a test can stop."""

    def __init__(self, rest: Rest, stack: AsyncExitStack) -> None:
        self.port = ports.choose()
        self.app = make_app(rest.parts, rest.process.health)
        self._stack = stack

    async def start(self) -> None:
        """Start listening."""
        await self._stack.enter_async_context(serving(self.app, "127.0.0.1", self.port))

    async def stop(self) -> None:
        """Shut down as on SIGTERM."""
        await self._stack.aclose()

    def client(self) -> httpx.AsyncClient:
        """A client with its own connections."""
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30
        )


@pytest_asyncio.fixture
async def second(rest: Rest) -> AsyncIterator[Second]:
    """A running app in addition to the module's."""
    async with AsyncExitStack() as stack:
        app = Second(rest, stack)
        await app.start()
        yield app


async def accepts_connections(client: httpx.AsyncClient) -> bool:
    """Whether a new connection is accepted."""
    try:
        await client.get("/health/live", headers={"Connection": "close"})
    except httpx.ConnectError:
        return False
    return True


async def test_a_request_in_flight_is_finished(
    rest: Rest, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During shutdown, new clients are refused and requests in flight are answered."""
    person = await registered(rest)
    begun, gate = asyncio.Event(), asyncio.Event()
    own_account = accounts.own_account

    async def slow(*args: Any) -> Any:
        begun.set()
        await gate.wait()
        return await own_account(*args)

    monkeypatch.setattr(accounts, "own_account", slow)
    async with second.client() as client, second.client() as late:
        in_flight = asyncio.create_task(client.get("/v1/me", headers=person.bearer))
        await begun.wait()
        stopping = asyncio.create_task(second.stop())
        while await accepts_connections(late):  # noqa: ASYNC110 # no event signals the close
            await asyncio.sleep(0)
        gate.set()
        response = await in_flight
        await stopping

    assert response.status_code == 200
    assert response.headers["connection"] == "close"


async def test_idle_connections_do_not_delay_the_shutdown(second: Second) -> None:
    """An idle keep-alive connection is closed at once."""
    async with second.client() as client:
        await client.get("/health/live")
        await asyncio.wait_for(second.stop(), 2)
        with pytest.raises(httpx.TransportError):
            await client.get("/health/live")


async def test_a_change_is_finished_without_its_client(
    rest: Rest, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shutdown also waits for a change whose client has disconnected."""
    customer = await registered(rest)
    begun, gate = asyncio.Event(), asyncio.Event()
    draft = rfis.draft

    async def slow(*args: Any) -> Any:
        begun.set()
        await gate.wait()
        return await draft(*args)

    monkeypatch.setattr(rfis, "draft", slow)
    async with second.client() as client:
        request = asyncio.create_task(
            client.post("/v1/rfis", json=a_draft(), headers=customer.bearer)
        )
        await begun.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    stopping = asyncio.create_task(second.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping

    assert len((await customer.get("/v1/rfis")).json()["items"]) == 1


async def test_a_hanging_request_is_cut(
    rest: Rest, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends in time even when a request does not."""
    person = await registered(rest)
    begun = asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(accounts, "own_account", hang)
    monkeypatch.setattr(serving_module, "FINISH_WITHIN_S", 0.2)
    async with second.client() as client:
        request = asyncio.create_task(client.get("/v1/me", headers=person.bearer))
        await begun.wait()
        await asyncio.wait_for(second.stop(), 3)
        with pytest.raises(httpx.TransportError):
            await request


async def test_a_taken_port_stops_the_startup(rest: Rest) -> None:
    """A second process on the same port does not start."""
    app = make_app(rest.parts, rest.process.health)

    with pytest.raises(OSError, match="in use"):
        async with serving(app, "127.0.0.1", rest.parts.settings.bind_port):
            pytest.fail("it started")
