"""Many who come at once, as when a gateway dies: the store hardly feels it, and nobody is left out."""

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
    """An app without a library, so that hundreds fit into a test."""

    socket: aiohttp.ClientWebSocketResponse

    async def tell(self, packet: str) -> Any:
        """Send a Socket.IO packet and return what the gateway answers to it."""
        await self.socket.send_str("4" + packet)
        while True:
            text = await self.socket.receive_str(timeout=20)
            kind = text[:2]
            if kind in ("40", "43", "44"):
                return json.loads(text[text.index("{" if kind != "43" else "[") :])

    async def connect(self, token: str) -> Any:
        """Shake hands; returns the answer, or what the refusal tells."""
        return await self.tell("0" + json.dumps({"token": token}))

    async def join(self, talk: Talk) -> Any:
        """Join from the beginning; returns the acknowledgement."""
        payload = ["join_conversation", talk.named(after_sequence=0)]
        (answer,) = await self.tell("21" + json.dumps(payload))
        return answer


async def opened(http: aiohttp.ClientSession, to: RunningGateway, count: int) -> list[Client]:
    """So many sockets on which nothing was said yet."""
    url = f"{to.url}/socket.io/?EIO=4&transport=websocket"
    return [Client(await http.ws_connect(url)) for _ in range(count)]


async def operations(store: MongoStore) -> int:
    """How many reads and commands the server has carried out."""
    status = await store.database.client.admin.command("serverStatus")
    counters = status["opcounters"]
    return int(counters["query"] + counters["getmore"] + counters["command"])


async def test_hundreds_who_come_at_once_share_their_reads(
    gateways: Gateways, store: MongoStore, settings: Settings
) -> None:
    """A handshake takes less than a tenth of a command, a join in a room of its own less than one;
    each gets what is in its own conversation."""
    talks = [await a_talk(store, settings) for _ in range(CLIENTS)]
    for talk in talks[::10]:
        await written(store, talk, 2)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        clients = await opened(http, gateways[0], CLIENTS)

        before = await operations(store)
        pairs = list(zip(clients, talks, strict=True))
        await asyncio.gather(*(each.connect(talk.customer.token) for each, talk in pairs))
        connected = await operations(store)
        answers = await asyncio.gather(*(each.join(talk) for each, talk in pairs))
        joined = await operations(store)

    assert [each["ok"] for each in answers] == [True] * CLIENTS
    assert [each["conversation"]["id"] for each in answers] == [talk.id for talk in talks]
    assert [each["head"] for each in answers] == [0 if n % 10 else 2 for n in range(CLIENTS)]
    assert [len(each["entries"]) for each in answers] == [each["head"] for each in answers]
    assert connected - before < CLIENTS * 0.1
    assert joined - connected < CLIENTS


async def test_who_is_too_many_at_once_is_told_when_to_come_back(
    store: MongoStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At different moments; and who comes back then gets in."""
    monkeypatch.setattr(realtime_gateway, "HANDSHAKES_AT_A_TIME", 2)
    monkeypatch.setattr(realtime_gateway, "HANDSHAKES_WAITING", 5)
    talk = await a_talk(store, settings)
    async with (
        gateway(settings, "realtime-narrow") as narrow,
        aiohttp.ClientSession() as http,
    ):
        clients = await opened(http, narrow, 15)
        answers = await asyncio.gather(*(each.connect(talk.customer.token) for each in clients))
        refused = [each for each in answers if "sid" not in each]
        (again,) = await opened(http, narrow, 1)
        later = await again.connect(talk.customer.token)

    assert len(refused) == 8
    for each in refused:
        assert each["data"]["code"] == "unavailable"
        assert each["data"]["temporary"]
        assert 1_000 <= each["data"]["retry_after_ms"] <= 5_000
    assert len({each["data"]["retry_after_ms"] for each in refused}) > 1
    assert "sid" in later
