"""A conversation shows who is active; that ends without help, whatever happens to the app."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from marketplace.actions import blocks
from marketplace.domain.accounts import Actor, Role
from marketplace.live import subscriber
from marketplace.settings import Settings
from realtime import activity, presence
from tests.realtime.apps import App, Talk
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import gateway
from tests.realtime.test_main import service


@pytest.fixture(scope="module", autouse=True)
def _short_intervals() -> Iterator[None]:
    """Shorten the intervals; their relative order is the production one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activity, "PUBLISH_EVERY_S", 0.1)
        patch.setattr(presence, "SWEEP_EVERY_S", 0.1)
        yield


def _of(app: App, account_id: str) -> list[bool]:
    """What an app was pushed about an account's activity, in order."""
    updates = app.named("presence.updated")
    return [update["is_active"] for update in updates if update["account_id"] == account_id]


def _active(answer: dict[str, Any]) -> dict[str, bool]:
    """Who is active, according to a join's acknowledgement."""
    return {
        participant["account_id"]: participant["is_active"]
        for participant in answer["participants"]
    }


async def _watched(gateways: Gateways, connect: Connect, talk: Talk) -> tuple[App, App]:
    """Connect both apps on different gateways; the customer's sees the vendor become active."""
    customer = await connect(gateways[0], talk.customer)
    await customer.ok("join_conversation", talk.named())
    vendor = await connect(gateways[1], talk.vendor)
    await vendor.ok("join_conversation", talk.named())
    await customer.until(lambda: _of(customer, talk.vendor.id) == [True])
    return customer, vendor


async def test_activity_is_shown_once_on_every_gateway(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Further activity is not pushed; an app that joins finds it in the acknowledgement."""
    customer, vendor = await _watched(gateways, connect, talk)

    for number in range(3):
        await vendor.ok("send_message", talk.says(number))
    await customer.has_up_to(3)
    again = await (await connect(gateways[1], talk.customer)).ok("join_conversation", talk.named())

    assert _of(customer, talk.vendor.id) == [True]
    assert _active(again) == {talk.customer.id: True, talk.vendor.id: True}


async def test_connected_is_not_active(gateways: Gateways, connect: Connect, talk: Talk) -> None:
    """An app that reconnects and waits makes nobody active until the person does something."""
    customer = await connect(gateways[0], talk.customer)
    await customer.ok("join_conversation", talk.named())
    vendor = await connect(gateways[1], talk.vendor)

    resumed = await vendor.ok("join_conversation", talk.named(after_sequence=0))
    await vendor.ok("fetch_entries", talk.named(after_sequence=0))
    seen = await (await connect(gateways[0], talk.customer)).ok("join_conversation", talk.named())
    assert _active(resumed)[talk.customer.id] is True
    assert _active(seen)[talk.vendor.id] is False
    assert _of(customer, talk.vendor.id) == []

    await vendor.ok("set_typing", talk.named(is_typing=True))
    await customer.until(lambda: _of(customer, talk.vendor.id) == [True])


async def test_an_idle_account_stops_being_active(
    gateways: Gateways, connect: Connect, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle account stops being active; its next call makes it active again."""
    monkeypatch.setattr(activity, "ACTIVE_FOR_S", 0.3)
    customer, vendor = await _watched(gateways, connect, talk)

    await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False])
    monkeypatch.setattr(activity, "ACTIVE_FOR_S", 60.0)
    await vendor.ok("send_message", talk.says(1))

    await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False, True])


async def test_an_account_without_an_app_stops_being_active(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """An account stops being active when its last app closes, on any gateway."""
    customer, vendor = await _watched(gateways, connect, talk)
    other = await connect(gateways[0], talk.vendor)
    await other.ok("join_conversation", talk.named())
    await other.ok("send_message", talk.says(1))

    await vendor.client.disconnect()
    await other.ok("send_message", talk.says(2))
    await customer.has_up_to(2)
    assert _of(customer, talk.vendor.id) == [True]

    await other.client.disconnect()
    await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False])


async def test_a_killed_gateway_leaves_nobody_active(
    gateways: Gateways,
    connect: Connect,
    talk: Talk,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A killed gateway announces no end: the gateway that shows the person ends the activity.

    That takes 3 s here instead of 25.
    """
    monkeypatch.setattr(presence, "TTL_S", 3.0)
    customer = await connect(gateways[0], talk.customer)
    await customer.ok("join_conversation", talk.named())
    async with service(settings, tmp_path / "log") as doomed:
        vendor = await connect(doomed, talk.vendor)
        await vendor.ok("join_conversation", talk.named())
        await customer.until(lambda: _of(customer, talk.vendor.id) == [True])

        doomed.process.send_signal(signal.SIGKILL)
        await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False])


async def test_activity_is_not_shown_across_a_block(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Activity ends with a block, is hidden from apps that join, and returns when it is lifted."""
    customer, vendor = await _watched(gateways, connect, talk)
    world, actor = gateways[0].parts.world, Actor(talk.customer.id, Role.CUSTOMER)

    await blocks.block(world, actor, talk.id)
    await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False])
    await vendor.until(lambda: _of(vendor, talk.customer.id)[-1:] != [True])
    seen = [await app.ok("join_conversation", talk.named()) for app in (customer, vendor)]
    assert [_active(answer)[of] for answer, of in zip(seen, (talk.vendor.id, talk.customer.id), strict=True)] == [False, False]  # fmt: skip

    await blocks.unblock(world, actor, talk.id)
    await customer.until(lambda: _of(customer, talk.vendor.id) == [True, False, True])


async def test_a_join_without_redis_shows_nobody_as_active(
    connect: Connect, talk: Talk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joining does not wait for presence."""
    monkeypatch.setattr(subscriber, "CONFIRM_TIMEOUT_S", 0.2)
    nowhere = replace(settings, redis_url="redis://127.0.0.1:9/0")
    async with gateway(nowhere, "realtime-5") as alone:
        vendor, customer = [await connect(alone, person) for person in (talk.vendor, talk.customer)]
        await vendor.ok("join_conversation", talk.named())

        seen = await customer.ok("join_conversation", talk.named())

        assert _active(seen) == {talk.customer.id: True, talk.vendor.id: False}
