"""Sockets through nginx: each session stays with its gateway, and a dead gateway is avoided."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import socketio

from tests.nginx.conftest import Site

Connect = Callable[..., Awaitable[socketio.AsyncClient]]


@pytest.fixture
async def connect(site: Site) -> AsyncIterator[Connect]:
    """Return a function that opens a Socket.IO connection through nginx over the given transports."""
    clients: list[socketio.AsyncClient] = []
    # The library leaves its own sessions open when a connection breaks; this one is closed below.
    async with aiohttp.ClientSession() as session:

        async def connect(*transports: str) -> socketio.AsyncClient:
            client = socketio.AsyncClient(
                http_session=session, reconnection_delay=0.1, reconnection_delay_max=0.2
            )
            clients.append(client)
            await client.connect(site.url, transports=list(transports))
            return client

        yield connect
        await asyncio.gather(*(client.disconnect() for client in clients))


async def whoami(client: socketio.AsyncClient) -> str:
    """Ask which gateway holds the connection."""
    name: str = await client.call("whoami", timeout=5)
    return name


@pytest.mark.parametrize("transports", [("polling",), ("websocket",), ("polling", "websocket")])
async def test_sessions_are_sticky_and_balanced(
    connect: Connect, transports: tuple[str, ...]
) -> None:
    """Over polling, websockets and the upgrade between them every session works, on both gateways.

    All clients have the same address, as they do behind one NAT.
    """
    clients = [await connect(*transports) for _ in range(8)]

    first = [await whoami(client) for client in clients]
    again = [await whoami(client) for client in clients for _ in range(3)]
    held_by = [client.eio.sid.partition(".")[0] for client in clients]

    assert again == [name for name in first for _ in range(3)]
    assert held_by == first
    assert min(Counter(first).values()) >= 2
    assert len(Counter(first)) == 2
    assert {client.transport() for client in clients} == {transports[-1]}


async def test_new_sessions_avoid_a_dead_gateway_at_once(site: Site) -> None:
    """With one gateway dead every handshake still succeeds, within a second."""
    await site.gateways[0].stop()

    began_at = time.monotonic()
    for _ in range(10):
        response = await site.client.get("/socket.io/?EIO=4&transport=polling")
        assert response.status == 200
        assert '"sid":"realtime-2.' in await response.text()

    assert time.monotonic() - began_at < 1.0


async def test_a_session_of_a_dead_gateway_is_refused_at_once(site: Site) -> None:
    """A client of a dead gateway gets 502 at once, and can start a new session elsewhere."""
    await site.gateways[0].stop()

    began_at = time.monotonic()
    response = await site.client.get("/socket.io/?EIO=4&transport=polling&sid=realtime-1.abc")

    assert response.status == 502
    assert time.monotonic() - began_at < 1.0


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
async def test_clients_move_when_their_gateway_dies(
    site: Site, connect: Connect, transports: tuple[str, ...]
) -> None:
    """A client whose gateway dies is connected to the other one within seconds."""
    client = await connect(*transports)
    held_by = await whoami(client)
    back = asyncio.Event()
    client.on("connect", back.set)

    await site.gateways[int(held_by[-1]) - 1].stop()
    await asyncio.wait_for(back.wait(), 5)

    assert await whoami(client) != held_by


async def test_a_recovered_gateway_gets_new_sessions(site: Site) -> None:
    """A few seconds after its return, a gateway gets new sessions again."""
    await site.gateways[0].stop()
    await (await site.client.get("/socket.io/?EIO=4&transport=polling")).read()
    await (await site.client.get("/socket.io/?EIO=4&transport=polling")).read()
    await site.gateways[0].start()

    async with asyncio.timeout(5):
        while True:
            response = await site.client.get("/socket.io/?EIO=4&transport=polling")
            if '"sid":"realtime-1.' in await response.text():
                break
            await asyncio.sleep(0.1)


async def test_clients_can_move_to_a_gateway_that_was_down_before(
    site: Site, connect: Connect
) -> None:
    """Clients of a dead gateway can reconnect at once, even to one that had been down before."""
    await site.gateways[1].stop()
    before = [await connect("websocket") for _ in range(4)]
    assert [await whoami(client) for client in before] == ["realtime-1"] * 4
    await site.gateways[1].start()

    await site.gateways[0].stop()
    after = [await connect("websocket") for _ in range(4)]

    assert [await whoami(client) for client in after] == ["realtime-2"] * 4


async def test_an_unknown_session_id_reaches_some_gateway(site: Site) -> None:
    """An id with an unknown name is answered by some gateway, which does not know the session."""
    response = await site.client.get("/socket.io/?EIO=4&transport=polling&sid=evil.example.abc")

    assert response.status == 400


async def test_a_websocket_passes_frames_both_ways(site: Site) -> None:
    """A websocket upgrade is answered with 101, and packets flow both ways."""
    async with aiohttp.ClientSession() as session:
        address = f"{site.url}/socket.io/?EIO=4&transport=websocket"
        async with session.ws_connect(address) as socket:
            assert (await socket.receive_str()).startswith('0{"sid":"realtime-')
            await socket.send_str("40")
            assert (await socket.receive_str()).startswith('40{"sid"')
