"""Calls that cannot be parsed are answered if they have an id, and the connection stays."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.realtime.apps import Talk, a_talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import gateway
from tests.realtime.transport.websocket.raw import Polling, Raw, call, connected, polling, websocket

TRANSPORTS = ["websocket", "polling"]


class Client:
    """A connection on which a test controls every byte, over either transport."""

    def __init__(self, way: Raw | Polling) -> None:
        self._way = way

    async def send(self, *packets: str | bytes) -> None:
        """Send packets."""
        if isinstance(self._way, Polling):
            assert await self._way.post(*packets) == 200
        else:
            self._way.send(*packets)

    async def error(self, number: int) -> dict[str, Any]:
        """Wait for the error with which a call is answered."""
        start = f"43{number}["
        text = await self._way.until(start)
        error: dict[str, Any] = orjson.loads(text[len(start) - 1 :])[0]["error"]
        return error

    async def goes_on(self, talk: Talk) -> None:
        """Check that a good call on the same connection succeeds."""
        await self.send(call(999, "leave_conversation", talk.named()))
        await self._way.until('43999[{"ok":true')


@pytest_asyncio.fixture(params=TRANSPORTS)
async def client(
    request: pytest.FixtureRequest, gateways: Gateways, talk: Talk
) -> AsyncIterator[Client]:
    """The customer's connection."""
    open_ = connected if request.param == "websocket" else polling
    async with open_(gateways[0].url, talk.customer) as way:
        yield Client(way)


UNREADABLE = {
    '{"body":"\\ud83d"}': ("validation_failed", ["body"]),
    '{"body":"\\ud83dx","attachment_ids":["\\udc00"]}': (
        "validation_failed",
        ["body", "attachment_ids.0"],
    ),
    '{"body":"x","sequence":NaN}': ("validation_failed", ["sequence"]),
    '{"body":"x","body":"y"}': ("validation_failed", ["body"]),
    "[" * 49_000 + "]" * 49_000: ("malformed", []),
    '{"body":': ("malformed", []),
}


@pytest.mark.parametrize("payload", UNREADABLE, ids=lambda payload: payload[:30])
async def test_a_payload_that_is_not_strict_json_is_answered(
    client: Client, talk: Talk, payload: str
) -> None:
    """A payload that is not strict JSON gets the invalid values' paths, and the connection stays."""
    code, paths = UNREADABLE[payload]

    await client.send(f'427["send_message",{payload}]')

    error = await client.error(7)
    assert error["code"] == code
    assert not error["temporary"]
    assert [fault["path"] for fault in error.get("errors", [])] == paths
    await client.goes_on(talk)


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        ('427["send_message"]', "validation_failed"),
        ("427[]", "malformed"),
        ("427[7]", "malformed"),
        ('427{"a":1}', "malformed"),
        ('427["no_such_call",{}]', "unknown_event"),
        ('427["disconnect"]', "unknown_event"),
    ],
)
async def test_a_malformed_call_is_answered(
    client: Client, talk: Talk, packet: str, code: str
) -> None:
    """A call of a wrong shape is answered, and the connection stays open."""
    await client.send(packet)

    assert (await client.error(7))["code"] == code
    await client.goes_on(talk)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_binary_argument_of_the_official_client_is_refused(
    gateways: Gateways, connect: Connect, talk: Talk, transport: str
) -> None:
    """A binary argument is refused with its path, and the app continues on the connection."""
    app = await connect(gateways[0], talk.customer, transports=[transport])
    payload = talk.says("m-1")

    answer = await app.call("send_message", {**payload, "body": b"\x00\xff", "x": [b"more"]})
    sent = await app.ok("send_message", payload)

    assert answer["error"]["code"] == "validation_failed"
    assert [error["path"] for error in answer["error"]["errors"]] == ["body", "x.0"]
    assert sent["message"]["sequence"] == 1
    assert app.named("disconnect") == []


async def test_a_polled_call_that_is_not_utf_8_is_answered(gateways: Gateways, talk: Talk) -> None:
    """A polled call that is not UTF-8 is answered, unlike on a websocket.

    There the standard requires the connection to fail (RFC 6455, section 8.1).
    """
    async with polling(gateways[0].url, talk.customer) as way:
        client = Client(way)

        await client.send(b'427["send_message",{"body":"\xff"}]')

        error = await client.error(7)
        assert (error["code"], error["errors"][0]["path"]) == ("validation_failed", "body")
        await client.goes_on(talk)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_unreadable_handshake_is_refused_with_a_code(
    gateways: Gateways, transport: str
) -> None:
    """An unreadable handshake gets `connect_error` with a code; official clients do not retry."""
    url = gateways[0].url
    packet = '40{"token":"\\ud83d"}'
    if transport == "polling":
        async with polling(url) as polled:
            assert await polled.post(packet) == 200
            text = await polled.until("44")
    else:
        async with websocket(url) as raw:
            raw.send(packet)
            text = await raw.until("44")

    assert orjson.loads(text[2:])["data"]["code"] == "validation_failed"


async def test_unreadable_calls_count_towards_the_limit(
    module_store: MongoStore, settings: Settings
) -> None:
    """Unreadable calls count: at the default limits, the 301st at once is rate limited."""
    talk = await a_talk(module_store, settings)
    async with (
        gateway(settings, "realtime-7") as running,
        connected(running.url, talk.customer) as raw,
    ):
        raw.send(*(f'42{number}["send_message",NaN]' for number in range(320)))
        codes = [(await raw.answer(number))["error"]["code"] for number in range(320)]

    assert codes[:300] == ["validation_failed"] * 300
    assert "rate_limited" in codes
