"""Many clients connect at once, as after a gateway's death: few reads reach the store, all get in."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime import gateway as realtime_gateway
from tests.realtime.apps import Talk, a_talk, written
from tests.realtime.conftest import Gateways
from tests.realtime.gateways import RunningGateway, gateway

CLIENTS = 300


@dataclass(slots=True)
class Client:
    """A client without a library, so that a test can run hundreds."""

    socket: aiohttp.ClientWebSocketResponse

    async def send(self, packet: str) -> Any:
        """Send a Socket.IO packet and return the gateway's answer to it."""
        await self.socket.send_str("4" + packet)
        while True:
            text = await self.socket.receive_str(timeout=20)
            kind = text[:2]
            if kind in ("40", "43", "44"):
                return json.loads(text[text.index("{" if kind != "43" else "[") :])

    async def connect(self, token: str) -> Any:
        """Perform the handshake; returns the answer, or the refusal's data."""
        return await self.send("0" + json.dumps({"token": token}))

    async def join(self, talk: Talk) -> Any:
        """Join from the first entry; returns the acknowledgement."""
        payload = ["join_conversation", talk.named(after_sequence=0)]
        (answer,) = await self.send("21" + json.dumps(payload))
        return answer


async def opened(http: aiohttp.ClientSession, to: RunningGateway, count: int) -> list[Client]:
    """Open this many sockets, without a handshake."""
    url = f"{to.url}/socket.io/?EIO=4&transport=websocket"
    return [Client(await http.ws_connect(url)) for _ in range(count)]


async def operations(store: MongoStore) -> int:
    """Return how many reads and commands the server has executed."""
    status = await store.database.client.admin.command("serverStatus")
    counters = status["opcounters"]
    return int(counters["query"] + counters["getmore"] + counters["command"])


async def test_concurrent_handshakes_and_joins_share_their_reads(
    gateways: Gateways, store: MongoStore, settings: Settings
) -> None:
    """Hundreds of handshakes and joins share their reads, and each gets its own entries.

    A handshake costs less than a tenth of a command, and a join of a separate room less than one.
    """
    talks = [await a_talk(store, settings) for _ in range(CLIENTS)]
    for talk in talks[::10]:
        await written(store, talk, 2)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        clients = await opened(http, gateways[0], CLIENTS)

        before = await operations(store)
        pairs = list(zip(clients, talks, strict=True))
        await asyncio.gather(*(client.connect(talk.customer.token) for client, talk in pairs))
        connected = await operations(store)
        answers = await asyncio.gather(*(client.join(talk) for client, talk in pairs))
        joined = await operations(store)

    assert [answer["ok"] for answer in answers] == [True] * CLIENTS
    assert [answer["conversation"]["id"] for answer in answers] == [talk.id for talk in talks]
    assert [answer["head"] for answer in answers] == [0 if n % 10 else 2 for n in range(CLIENTS)]
    assert [len(answer["entries"]) for answer in answers] == [answer["head"] for answer in answers]
    assert connected - before < CLIENTS * 0.1
    assert joined - connected < CLIENTS


async def test_handshakes_beyond_the_limit_get_retry_times(
    store: MongoStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The times differ, and clients that return then get in."""
    monkeypatch.setattr(realtime_gateway, "HANDSHAKES_AT_A_TIME", 2)
    monkeypatch.setattr(realtime_gateway, "HANDSHAKES_WAITING", 5)
    talk = await a_talk(store, settings)
    async with (
        gateway(settings, "realtime-narrow") as narrow,
        aiohttp.ClientSession() as http,
    ):
        clients = await opened(http, narrow, 15)
        answers = await asyncio.gather(*(client.connect(talk.customer.token) for client in clients))
        refused = [answer for answer in answers if "sid" not in answer]
        (again,) = await opened(http, narrow, 1)
        later = await again.connect(talk.customer.token)

    assert len(refused) == 8
    for refusal in refused:
        assert refusal["data"]["code"] == "unavailable"
        assert refusal["data"]["temporary"]
        assert 1_000 <= refusal["data"]["retry_after_ms"] <= 5_000
    assert len({refusal["data"]["retry_after_ms"] for refusal in refused}) > 1
    assert "sid" in later
