"""Redis is down, silent or loses messages: pushes arrive late, and none is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from embedded.servers.running import Running, running
from marketplace.live import subscriber
from marketplace.ports import Announcement, Signal, SignalName, conversation_room
from marketplace.settings import Settings
from realtime import rooms
from tests.realtime.apps import Talk, written
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import RunningGateway, gateway


@pytest.fixture(scope="module")
def valkey() -> Iterator[Running]:
    """A separate Valkey that these tests can stop."""
    with running("valkey") as servers:
        yield servers


@pytest.fixture(scope="module", autouse=True)
def _short_intervals() -> Iterator[None]:
    """Shorten the intervals for quick tests; their relative order is the production one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscriber, "CANARY_EVERY_S", 0.1)
        patch.setattr(subscriber, "CANARY_TIMEOUT_S", 1.0)
        patch.setattr(subscriber, "CONFIRM_TIMEOUT_S", 0.5)
        yield


@pytest_asyncio.fixture
async def isolated(
    settings: Settings, valkey: Running, _short_intervals: None
) -> AsyncIterator[RunningGateway]:
    """A gateway that uses that Valkey."""
    async with gateway(replace(settings, redis_url=valkey.redis_url)) as one:
        yield one


async def test_a_lost_announcement_is_repaired_by_the_next_head(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """If the writer dies before it announces, the relay's head makes the gateway read."""
    app = await connect(gateways[0], talk.customer)
    await app.ok("join_conversation", talk.named())
    await written(gateways[0].parts.store, talk, 3)

    room = conversation_room(talk.id)
    gateways[1].parts.world.live.signal(Signal(room, SignalName.HEAD, position=3))
    await app.has_up_to(3)

    assert app.sequences() == [1, 2, 3]


async def test_the_check_of_heads_finds_unannounced_entries(
    connect: Connect, talk: Talk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every few seconds (here a tenth of a second) each room is compared with the store."""
    monkeypatch.setattr(rooms, "CHECK_HEADS_EVERY_S", 0.1)
    async with gateway(settings, "realtime-3") as looking:
        app = await connect(looking, talk.customer)
        await app.ok("join_conversation", talk.named())

        await written(looking.parts.store, talk, 2)
        await app.has_up_to(2)

    assert app.sequences() == [1, 2]


async def test_repeated_and_disordered_announcements_change_nothing(
    gateways: Gateways, connect: Connect, talk: Talk
) -> None:
    """Repeated and disordered announcements change nothing: only their numbers count."""
    app = await connect(gateways[0], talk.customer)
    await app.ok("join_conversation", talk.named())
    sender = await connect(gateways[1], talk.vendor)
    messages = await sender.send_many(talk, range(3))
    await app.has_up_to(3)

    room = conversation_room(talk.id)
    for message in [*messages[::-1], *messages]:
        again = Announcement(room, "message.sent", message, message["sequence"])
        gateways[1].parts.world.live.announce(again)
    await sender.send_many(talk, [4])
    await app.has_up_to(4)

    assert app.sequences() == [1, 2, 3, 4]


async def test_a_restart_of_redis_loses_nothing(
    isolated: RunningGateway, connect: Connect, talk: Talk, valkey: Running
) -> None:
    """Sending continues while Redis is down; entries not pushed then are pushed afterwards."""
    customer, vendor = await connect(isolated, talk.customer), await connect(isolated, talk.vendor)
    for app in (customer, vendor):
        await app.ok("join_conversation", talk.named())
    await vendor.send_many(talk, range(3))

    await asyncio.to_thread(valkey.stop, "valkey")
    while_away = await vendor.send_many(talk, range(3, 23))
    await asyncio.to_thread(valkey.start, "valkey")
    for app in (customer, vendor):
        await app.has_up_to(23)
    await vendor.send_many(talk, [24])
    for app in (customer, vendor):
        await app.has_up_to(24)

    assert [message["sequence"] for message in while_away] == list(range(4, 24))
    assert customer.sequences() == vendor.sequences() == list(range(1, 25))


async def test_apps_connect_and_join_while_redis_is_down(
    isolated: RunningGateway, connect: Connect, talk: Talk, valkey: Running
) -> None:
    """Connecting and joining take a moment longer; once Redis is back, pushes arrive again."""
    await asyncio.to_thread(valkey.stop, "valkey")
    app = await connect(isolated, talk.customer)
    await written(isolated.parts.store, talk)
    assert (await app.ok("join_conversation", talk.named()))["head"] == 1
    await asyncio.to_thread(valkey.start, "valkey")

    sender = await connect(isolated, talk.vendor)
    await sender.send_many(talk, range(2))
    await app.has_up_to(3)

    assert app.sequences() == [2, 3]


async def test_a_gateway_is_unready_while_redis_is_silent(
    isolated: RunningGateway, valkey: Running
) -> None:
    """Redis accepts and answers nothing: the gateway is not ready, not even for a moment."""
    assert (await isolated.ready())[0] == 200
    pid = valkey.pid("valkey")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            while (await isolated.ready())[0] == 200:  # noqa: ASYNC110 # the listener's state
                await asyncio.sleep(0.02)
        _, body = await isolated.ready()
        assert isinstance(body["checks"], dict)
        assert "not been received" in body["checks"]["live"]
        # Meanwhile the listener drops its connection and opens another, which is just as deaf.
        for _ in range(30):
            assert (await isolated.ready())[0] == 503
            await asyncio.sleep(0.1)
    finally:
        os.kill(pid, signal.SIGCONT)

    async with asyncio.timeout(10):
        while (await isolated.ready())[0] != 200:  # noqa: ASYNC110 # the listener's state
            await asyncio.sleep(0.02)
