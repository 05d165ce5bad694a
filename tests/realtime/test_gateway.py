"""Handshakes, the end of a token, and draining."""

import asyncio
from typing import Any

import jwt
import pytest
from socketio.exceptions import ConnectionError as NotConnectedError

from marketplace.domain.accounts import Role
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime import gateway as realtime_gateway
from tests.realtime.apps import Talk, a_person, an_app
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import RunningGateway, gateway


async def refusal(to: RunningGateway, auth: Any) -> dict[str, Any]:
    """Try to connect, and return what the app is told."""
    app = an_app()
    with pytest.raises(NotConnectedError):
        await app.client.connect(to.url, auth=auth, transports=["websocket"], wait_timeout=10)
    await app.client.disconnect()
    (told,) = app.named("connect_error")
    assert told["message"]
    data: dict[str, Any] = told["data"]
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
async def test_without_a_usable_token_nobody_comes_in(gateways: Gateways, auth: Any) -> None:
    """Whatever stands in its place is `unauthenticated`."""
    assert await refusal(gateways[0], auth) == {"code": "unauthenticated", "temporary": False}


async def test_forged_tokens_are_refused(gateways: Gateways, talk: Talk) -> None:
    """Signed with another secret, or not signed at all."""
    claims = jwt.decode(talk.customer.token, options={"verify_signature": False})

    for forged in (
        jwt.encode(claims, "another secret of more than 32 characters", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
    ):
        assert (await refusal(gateways[0], {"token": forged}))["code"] == "unauthenticated"


async def test_a_token_that_is_over_is_told_apart(
    gateways: Gateways, store: MongoStore, settings: Settings
) -> None:
    """The app refreshes its tokens then, and does not ask its person to log in."""
    late = await a_person(store, settings, ttl_s=-1)

    assert (await refusal(gateways[0], {"token": late.token}))["code"] == "token_expired"


async def test_after_logging_out_the_token_opens_nothing(
    gateways: Gateways, talk: Talk, store: MongoStore
) -> None:
    """Also while it would still be valid by its own time."""
    await store.sessions.delete(talk.customer.session_id)

    told = await refusal(gateways[0], {"token": talk.customer.token})
    assert told["code"] == "unauthenticated"


async def test_an_account_has_so_many_connections_and_no_more(
    gateways: Gateways, connect: Connect, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once or one after the other; when one is closed there is room again."""
    monkeypatch.setattr(realtime_gateway, "MAX_CONNECTIONS_OF_ACCOUNT", 3)
    outcomes = await asyncio.gather(
        *(connect(gateways[0], talk.customer) for _ in range(6)), return_exceptions=True
    )
    apps = [each for each in outcomes if not isinstance(each, BaseException)]
    assert len(apps) == 3
    auth = {"token": talk.customer.token}
    assert await refusal(gateways[0], auth) == {"code": "too_many_connections", "temporary": True}

    await apps[0].client.disconnect()
    await apps[0].closed()
    async with asyncio.timeout(5):
        while True:  # the gateway hears of it a moment later
            try:
                await connect(gateways[0], talk.customer)
                break
            except NotConnectedError:
                await asyncio.sleep(0.01)


async def test_an_expiring_token_is_told_and_then_the_connection_ends(
    gateways: Gateways,
    connect: Connect,
    store: MongoStore,
    settings: Settings,
) -> None:
    """The app hears it while there is time, and is closed in a way it comes back from."""
    person = await a_person(store, settings, Role.VENDOR, ttl_s=3)
    app = await connect(gateways[0], person)

    await app.until(lambda: bool(app.named("session.expiring")))
    await app.closed()

    (told,) = app.named("session.expiring")
    assert 0 <= told["expires_in_s"] <= 3
    assert not app.client.connected


async def test_a_draining_gateway_sends_everybody_elsewhere_and_takes_nobody(
    gateways: Gateways, connect: Connect, talk: Talk, settings: Settings
) -> None:
    """It says so in its health, and what it acknowledged is there on the other one."""
    async with gateway(settings, "realtime-3") as leaving:
        app = await connect(leaving, talk.customer)
        await app.ok("join_conversation", talk.named())
        message = (await app.ok("send_message", talk.says("m-1")))["message"]
        assert (await leaving.ready())[0] == 200

        leaving.process.stopping.set()
        told = asyncio.create_task(_draining_refusal(leaving, talk))
        await app.closed()
        await leaving.task

        assert await told in ("draining", None)
        elsewhere = await connect(gateways[0], talk.customer)
        snapshot = await elsewhere.ok("join_conversation", talk.named(after_sequence=0))
    assert [each["id"] for each in snapshot["entries"]] == [message["id"]]


async def _draining_refusal(to: RunningGateway, talk: Talk) -> str | None:
    """What a newcomer is told; None when nobody listens any more."""
    app = an_app()
    try:
        await app.client.connect(
            to.url,
            auth={"token": talk.customer.token},
            transports=["websocket"],
            wait_timeout=5,
        )
    except NotConnectedError:
        told = app.named("connect_error")
        return str(told[0]["data"]["code"]) if told and "data" in told[0] else None
    finally:
        await app.client.disconnect()
    raise AssertionError("a draining gateway took a connection")


async def test_presence_follows_the_connections(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Connected with the first app, gone with the last one of the last gateway."""
    presence = gateways[0].parts.world.presence
    assert not await presence.is_connected(talk.customer.id)
    apps = [await connect(each, talk.customer) for each in gateways]
    assert await presence.is_connected(talk.customer.id)

    await apps[0].client.disconnect()
    assert await presence.is_connected(talk.customer.id)
    await apps[1].client.disconnect()

    async with asyncio.timeout(5):
        while await presence.is_connected(talk.customer.id):  # noqa: ASYNC110 # of the gateway
            await asyncio.sleep(0.01)
