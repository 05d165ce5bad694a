"""Handshakes, expired tokens, and draining."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import jwt
import orjson
import pytest
from socketio.exceptions import ConnectionError as NotConnectedError

from marketplace.actions import accounts
from marketplace.domain.accounts import Role
from marketplace.domain.conversations import Entry
from marketplace.ports import Appended
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from realtime import gateway as realtime_gateway
from realtime.limits import CONNECTIONS_OF_ACCOUNT, HANDSHAKES_AT_ONCE
from tests.realtime.apps import Person, Talk, a_person, an_app, another_log_in
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import RunningGateway, gateway


async def refusal(to: RunningGateway, auth: Any, **more: Any) -> dict[str, Any]:
    """Try to connect, and return the data of the refusal."""
    app = an_app()
    with pytest.raises(NotConnectedError):
        await app.connect(to, auth, **more)
    await app.client.disconnect()
    (refused,) = app.named("connect_error")
    assert refused["message"]
    data: dict[str, Any] = refused["data"]
    return data


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        {"token": ""},
        {"token": None},
        {"token": {"$ne": None}},
        {"token": "x" * 3_000},
        {"token": "not.a.token"},
        ["token"],
        "token",
    ],
    ids=str,
)
async def test_a_connection_without_a_valid_token_is_refused(gateways: Gateways, auth: Any) -> None:
    """Anything but a valid token is `unauthenticated`."""
    assert await refusal(gateways[0], auth) == {"code": "unauthenticated", "temporary": False}


async def test_forged_tokens_are_refused(gateways: Gateways, talk: Talk) -> None:
    """A token signed with another secret, or not signed, is refused."""
    claims = jwt.decode(talk.customer.token, options={"verify_signature": False})

    for forged in (
        jwt.encode(claims, "another secret of more than 32 characters", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
    ):
        assert (await refusal(gateways[0], {"token": forged}))["code"] == "unauthenticated"


async def test_an_expired_token_has_its_own_code(
    gateways: Gateways, store: MongoStore, settings: Settings
) -> None:
    """An expired token has its own code, so that the app refreshes it without a log-in."""
    late = await a_person(store, settings, ttl_s=-1)

    assert (await refusal(gateways[0], {"token": late.token}))["code"] == "token_expired"


async def test_a_token_is_refused_after_the_log_out(
    gateways: Gateways, talk: Talk, store: MongoStore
) -> None:
    """After a log-out the token is refused, even before it expires."""
    await store.sessions.delete(talk.customer.session_id)

    refused = await refusal(gateways[0], {"token": talk.customer.token})
    assert refused["code"] == "unauthenticated"


async def test_connections_of_an_account_are_limited(
    connect: Connect, talk: Talk, settings: Settings
) -> None:
    """An account's connections are limited, at once or in turn; a closed one frees a place."""
    strict = replace(settings, limit_scale=3 / CONNECTIONS_OF_ACCOUNT)
    async with gateway(strict, "realtime-strict") as here:
        outcomes = await asyncio.gather(
            *(connect(here, talk.customer) for _ in range(6)), return_exceptions=True
        )
        apps = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert len(apps) == 3
        auth = {"token": talk.customer.token}
        assert await refusal(here, auth) == {"code": "too_many_connections", "temporary": True}

        await apps[0].client.disconnect()
        await apps[0].closed()
        async with asyncio.timeout(5):
            while True:  # the gateway notices it a moment later
                try:
                    await connect(here, talk.customer)
                    break
                except NotConnectedError:
                    await asyncio.sleep(0.01)


async def test_concurrent_handshakes_of_an_address_are_limited(
    connect: Connect, settings: Settings, store: MongoStore
) -> None:
    """An address that the proxy reports has a limit of handshakes at once, separate from others'."""
    strict = replace(settings, limit_scale=2 / HANDSHAKES_AT_ONCE)

    def forwarded_for(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": f"8.8.8.8, {address}"}

    async with gateway(strict, "realtime-strict") as here:
        for transport in ("websocket", "polling"):
            network = "2001:db8:0:1" if transport == "websocket" else "2001:db8:0:2"
            for n in range(2):
                person, headers = await a_person(store, settings), forwarded_for(f"{network}::{n}")
                if transport == "websocket":
                    await connect(here, person, headers=headers)
                else:
                    assert (await polled(here, person, headers)).startswith("40")
            auth = {"token": (await a_person(store, settings)).token}
            refused = await refusal(here, auth, headers=forwarded_for(f"{network}:9::9"))
            assert refused["code"] == "rate_limited"
            assert refused["temporary"]
            assert 0 < refused["retry_after_ms"] <= 5_000


async def polled(here: RunningGateway, person: Person, headers: dict[str, str]) -> str:
    """Return the answer to a handshake over polling.

    Not with python-socketio: its client sends the proxy header only once.
    """
    async with httpx.AsyncClient(base_url=here.url, headers=headers) as http:
        session = "/socket.io/?EIO=4&transport=polling"
        opened = await http.get(session)
        session += f"&sid={orjson.loads(opened.text[1:])['sid']}"
        await http.post(session, content=f'40{{"token":"{person.token}"}}')
        return (await http.get(session)).text


async def test_an_expiring_token_is_announced_before_the_connection_ends(
    gateways: Gateways,
    connect: Connect,
    store: MongoStore,
    settings: Settings,
) -> None:
    """The app is warned in time, and the connection closes in a way that makes the app reconnect."""
    person = await a_person(store, settings, Role.VENDOR, ttl_s=6)
    app = await connect(gateways[0], person)

    await app.until(lambda: bool(app.named("session.expiring")))
    await app.closed()

    (warning,) = app.named("session.expiring")
    assert 0 <= warning["expires_in_s"] <= 6
    assert app.named("connection.closing") == [{"code": "token_expired"}]
    assert not app.client.connected


async def test_a_log_out_ends_the_connections_of_its_session(
    gateways: Gateways, connect: Connect, talk: Talk, store: MongoStore, settings: Settings
) -> None:
    """Logging out closes that session's connections on every gateway, and no others."""
    other = await another_log_in(store, settings, talk.customer)
    ending = [await connect(gateway, talk.customer) for gateway in gateways]
    staying = [await connect(gateways[0], other), await connect(gateways[1], talk.vendor)]

    world = gateways[1].parts.world
    await accounts.log_out(world, talk.customer.id, talk.customer.session_id)
    for app in ending:
        await app.closed()

    assert [app.named("connection.closing") for app in ending] == [
        [{"code": "unauthenticated"}]
    ] * 2
    for app in staying:
        assert (await app.ok("join_conversation", talk.named()))["head"] == 0
        assert app.named("connection.closing", "session_ended") == []


async def test_an_unannounced_log_out_is_found(
    connect: Connect,
    talk: Talk,
    store: MongoStore,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A session that ended without an announcement is found by the gateway's own check."""
    monkeypatch.setattr(realtime_gateway, "CHECK_SESSIONS_EVERY_S", 0.2)
    async with gateway(settings, "realtime-3") as here:
        ending = await connect(here, talk.customer)
        staying = await connect(here, talk.vendor)
        await store.sessions.delete(talk.customer.session_id)

        await ending.closed()

        assert ending.named("connection.closing") == [{"code": "unauthenticated"}]
        assert staying.client.connected


async def test_a_draining_gateway_closes_its_connections_and_refuses_new_ones(
    gateways: Gateways, connect: Connect, talk: Talk, settings: Settings
) -> None:
    """A draining gateway reports it, and its acknowledged messages are on the other one."""
    async with gateway(settings, "realtime-3") as leaving:
        app = await connect(leaving, talk.customer)
        await app.ok("join_conversation", talk.named())
        message = (await app.ok("send_message", talk.says("m-1")))["message"]
        assert (await leaving.ready())[0] == 200

        leaving.process.stopping.set()
        newcomer = asyncio.create_task(_draining_refusal(leaving, talk))
        await app.closed()
        await leaving.task

        assert app.named("connection.closing") == [{"code": "draining"}]
        assert await newcomer in ("draining", None)
        elsewhere = await connect(gateways[0], talk.customer)
        snapshot = await elsewhere.ok("join_conversation", talk.named(after_sequence=0))
    assert [entry["id"] for entry in snapshot["entries"]] == [message["id"]]


async def test_a_draining_gateway_answers_calls_in_flight_before_it_closes(
    connect: Connect, talk: Talk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message whose write is slow is acknowledged; later calls are told to go elsewhere."""
    begun, ready = asyncio.Event(), asyncio.Event()
    append = EntryWriter.append

    async def append_slowly(writer: EntryWriter, entry: Entry) -> Appended:
        appended = await append(writer, entry)
        begun.set()
        await ready.wait()
        return appended

    async with gateway(settings, "realtime-3") as leaving:
        app = await connect(leaving, talk.customer)
        idle = await connect(leaving, talk.vendor)
        monkeypatch.setattr(EntryWriter, "append", append_slowly)
        sending = asyncio.create_task(app.ok("send_message", talk.says("m-1")))
        await begun.wait()
        leaving.process.stopping.set()
        await idle.closed()
        while (answer := await app.call("leave_conversation", talk.named()))["ok"]:
            pass  # its turn to close comes within three seconds
        assert answer["error"]["code"] == "draining"
        assert not sending.done()

        ready.set()
        assert (await sending)["message"]["sequence"] == 1
        await app.closed()
        await leaving.task


async def _draining_refusal(to: RunningGateway, talk: Talk) -> str | None:
    """Return the code that a new connection is refused with, or None if nothing listens any more."""
    app = an_app()
    try:
        await app.connect(to, {"token": talk.customer.token}, wait_timeout=5)
    except NotConnectedError:
        refused = app.named("connect_error")
        return str(refused[0]["data"]["code"]) if refused and "data" in refused[0] else None
    finally:
        await app.client.disconnect()
    raise AssertionError("a draining gateway took a connection")


async def test_an_account_is_present_while_it_has_a_connection(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """An account is present from its first app's connection to its last one's end, on any gateway."""
    presence = gateways[0].parts.world.presence
    assert not await presence.is_connected(talk.customer.id)
    apps = [await connect(gateway, talk.customer) for gateway in gateways]
    assert await presence.is_connected(talk.customer.id)

    await apps[0].client.disconnect()
    assert await presence.is_connected(talk.customer.id)
    await apps[1].client.disconnect()

    async with asyncio.timeout(5):
        while await presence.is_connected(talk.customer.id):  # noqa: ASYNC110 # the gateway's state
            await asyncio.sleep(0.01)
