"""The official JavaScript client, and python-socketio's, against a running gateway.

The claims about the JavaScript client are the functions in `conformance/`. Each is checked over
polling, over a websocket, and over polling that upgrades to a websocket.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from socketio.exceptions import ConnectionError as NotConnectedError

from marketplace.actions import rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime.transport import server
from realtime.transport.websocket import session
from tests.builders import rfi_content
from tests.realtime import node
from tests.realtime.apps import Talk, a_person, an_app
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import RunningGateway, free_port, gateway

SCRIPT = Path(__file__).parent / "conformance" / "run.mjs"
MODES = ["polling", pytest.param("websocket", marks=pytest.mark.long), "upgrade"]
TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
Task = dict[str, Any]

in_every_mode = pytest.mark.parametrize("mode", MODES)


@pytest_asyncio.fixture
async def task(gateways: Gateways, talk: Talk, store: MongoStore, settings: Settings) -> Task:
    """The input of a claim: gateway, two people, conversation, RFI and an expired token."""
    actor = Actor(talk.customer.id, Role.CUSTOMER)
    rfi = await rfis.draft(gateways[0].parts.world, actor, rfi_content())
    late = await a_person(store, settings, ttl_s=-1)
    return {
        "url": gateways[0].url,
        "customer": {"id": talk.customer.id, "token": talk.customer.token},
        "vendor": {"id": talk.vendor.id, "token": talk.vendor.token},
        "conversation_id": talk.id,
        "rfi_id": rfi.id,
        "expired_token": late.token,
    }


@pytest_asyncio.fixture
async def fast_pings(
    settings: Settings, module_store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningGateway]:
    """A gateway that pings its connections every second."""
    monkeypatch.setattr(server, "PING_EVERY_S", 1)
    monkeypatch.setattr(server, "PING_TIMEOUT_S", 2)
    # The first ping. It ends a session without a handshake: 1 s would be the wheel's next turn,
    # which may be due at once.
    monkeypatch.setattr(session, "HANDSHAKE_WITHIN_S", 2)
    async with gateway(settings, "realtime-7") as running:
        yield running


async def disconnected(of: RunningGateway, account_id: str) -> None:
    """Wait until the gateway has no connection of the account left."""
    async with asyncio.timeout(10):
        while await of.parts.world.presence.is_connected(account_id):  # noqa: ASYNC110 # its state
            await asyncio.sleep(0.01)


@in_every_mode
@pytest.mark.parametrize(
    "claim",
    [
        "a_token_opens_the_connection",
        "a_connection_without_a_valid_token_is_refused",
        "a_refused_socket_connects_with_a_valid_token",
        "other_namespaces_are_refused",
        "several_sockets_coexist",
        "every_call_is_acknowledged",
        "every_refusal_is_acknowledged",
        "concurrent_calls_get_their_own_answers",
        "bodies_are_returned_unchanged",
        "a_call_without_an_acknowledgement_is_executed",
        "pushes_are_dense_and_in_order",
        "binary_data_is_refused",
    ],
)
async def test_the_javascript_client_conforms(claim: str, mode: str, task: Task) -> None:
    """The claim holds on each transport."""
    await node.run(SCRIPT, {**task, "claim": claim, "mode": mode}, {})


@pytest.mark.parametrize(
    "claim", ["an_upgrade_during_a_stream_loses_nothing", "calls_during_an_upgrade_are_answered"]
)
async def test_the_javascript_client_conforms_during_an_upgrade(claim: str, task: Task) -> None:
    """The claim holds whether the upgrade happens early or late in a stream."""
    await node.run(SCRIPT, {**task, "claim": claim}, {})


@in_every_mode
async def test_the_javascript_client_disconnects_and_reconnects(
    mode: str, task: Task, gateways: Gateways, talk: Talk
) -> None:
    """The gateway notices the disconnect and accepts the client again."""

    async def gone() -> None:
        await disconnected(gateways[0], talk.customer.id)

    claim = "a_client_disconnects_and_reconnects"
    await node.run(SCRIPT, {**task, "claim": claim, "mode": mode}, {"gone": gone})


@in_every_mode
async def test_the_javascript_client_reconnects_after_the_gateway_closed(
    mode: str, task: Task, store: MongoStore, settings: Settings
) -> None:
    """The client reconnects without help, with the token that its page has by then."""
    short = await a_person(store, settings, ttl_s=2)

    claim = "the_client_reconnects_after_the_gateway_closed"
    await node.run(SCRIPT, {**task, "claim": claim, "mode": mode, "short_token": short.token}, {})


@in_every_mode
async def test_the_javascript_client_resumes_on_the_next_gateway(
    mode: str, task: Task, settings: Settings
) -> None:
    """A client whose gateway is replaced reads by sequence what was sent meanwhile."""
    port = free_port()
    async with AsyncExitStack() as running:
        first = AsyncExitStack()
        one = await first.enter_async_context(gateway(settings, "realtime-5", port))

        async def restart() -> None:
            await first.aclose()
            await running.enter_async_context(gateway(settings, "realtime-6", port))

        claim = "the_client_resumes_on_the_next_gateway"
        claim_input = {**task, "claim": claim, "mode": mode, "url": one.url}
        await node.run(SCRIPT, claim_input, {"restart": restart})


@in_every_mode
async def test_the_heartbeat_keeps_the_javascript_client_connected(
    mode: str, task: Task, fast_pings: RunningGateway
) -> None:
    """A connection survives three pings beyond the time after which a silent one is dead."""
    claim = "a_silent_connection_stays_open"
    claim_input = {**task, "claim": claim, "mode": mode, "url": fast_pings.url, "pings": 4}
    await node.run(SCRIPT, claim_input, {})


@in_every_mode
async def test_a_javascript_client_that_answers_no_ping_is_forgotten(
    mode: str, task: Task, fast_pings: RunningGateway, talk: Talk
) -> None:
    """A client that answers no ping counts as disconnected, and learns of it when it can."""

    async def gone() -> None:
        await disconnected(fast_pings, talk.customer.id)

    claim = "a_client_that_answers_no_ping_is_forgotten"
    claim_input = {**task, "claim": claim, "mode": mode, "url": fast_pings.url}
    await node.run(SCRIPT, claim_input, {"gone": gone})


@in_every_mode
async def test_the_python_client_makes_calls_and_receives_pushes(
    mode: str, gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """The Python client gets answers, errors and dense pushes over each transport."""
    app = await connect(gateways[0], talk.customer, transports=TRANSPORTS[mode])
    other = await connect(gateways[1], talk.vendor)
    assert app.client.transport() == TRANSPORTS[mode][-1]
    await app.ok("join_conversation", talk.named())

    assert await app.refused("join_conversation", {}) == "validation_failed"
    assert await app.refused("no_such_call", {}) == "unknown_event"
    longest = "🙂" * 8_000
    first = await app.ok("send_message", talk.says("m-1", longest))
    await asyncio.gather(app.send_many(talk, range(50)), other.send_many(talk, range(50)))
    await app.has_up_to(101)

    assert first["message"]["body"] == app.named("message.sent")[0]["body"] == longest
    assert app.sequences() == list(range(1, 102))


@in_every_mode
async def test_the_python_client_is_refused_with_a_code(mode: str, gateways: Gateways) -> None:
    """`connect_error` has the code in `data`, as for the JavaScript client."""
    app = an_app()
    with pytest.raises(NotConnectedError):
        await app.connect(gateways[0], {}, transports=TRANSPORTS[mode])
    await app.client.disconnect()

    (refusal,) = app.named("connect_error")
    assert refusal["data"] == {"code": "unauthenticated", "temporary": False}
