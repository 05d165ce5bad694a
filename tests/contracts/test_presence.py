"""Who is connected."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest
import pytest_asyncio

from marketplace import live
from marketplace.errors import TemporaryError
from marketplace.ids import new_id
from marketplace.ports import PresenceStore
from marketplace.presence import RedisPresence
from tests import memory
from tests.builders import FixedClock

NewPresence = Callable[[str], PresenceStore]


@pytest.fixture
def clock() -> FixedClock:
    """The clock that all processes share."""
    return FixedClock()


@pytest.fixture
def in_memory(clock: FixedClock) -> NewPresence:
    """A factory of one process's presence, in memory."""
    connected: dict[tuple[str, str], datetime] = {}
    active: dict[tuple[str, str], datetime] = {}
    return lambda process_name: memory.PresenceStore(process_name, clock, connected, active)


@pytest_asyncio.fixture
async def in_redis(clock: FixedClock, redis_url: str) -> AsyncIterator[NewPresence]:
    """A factory of one process's presence, in Redis."""
    redis = live.connect(redis_url)
    yield lambda process_name: RedisPresence(redis, process_name, clock)
    await redis.aclose()


@pytest.fixture(params=["in_memory", "in_redis"])
def presence_of(request: pytest.FixtureRequest) -> NewPresence:
    """A factory of one process's presence, for every implementation."""
    factory: NewPresence = request.getfixturevalue(request.param)
    return factory


async def test_connected_accounts_are_found_among_many(presence_of: NewPresence) -> None:
    """The connected accounts are found on any process; the others are left out."""
    carla, vince, nobody = new_id(), new_id(), new_id()
    await presence_of("realtime-1").connected(carla)
    await presence_of("realtime-2").connected(vince)

    found = await presence_of("notify").connected_among([carla, vince, nobody])

    assert found == {carla, vince}
    assert await presence_of("notify").connected_among([]) == frozenset()


async def test_an_account_is_not_connected_until_reported(presence_of: NewPresence) -> None:
    """Nobody is connected unless a process has reported it."""
    assert not await presence_of("realtime-1").is_connected(new_id())


async def test_every_process_sees_a_connection_to_any_process(presence_of: NewPresence) -> None:
    """All processes see what one process reports, until it reports the opposite."""
    here, there, carla = presence_of("realtime-1"), presence_of("realtime-2"), new_id()

    await here.connected(carla)
    assert await there.is_connected(carla)

    await here.disconnected(carla)
    assert not await there.is_connected(carla)
    assert not await here.is_connected(carla)


async def test_an_account_stays_connected_until_its_last_process_reports_the_end(
    presence_of: NewPresence,
) -> None:
    """A person with apps on two processes stays connected until both have disconnected."""
    here, there, carla = presence_of("realtime-1"), presence_of("realtime-2"), new_id()
    await here.connected(carla)
    await there.connected(carla)

    await here.disconnected(carla)
    assert await here.is_connected(carla)

    await there.disconnected(carla)
    assert not await here.is_connected(carla)


async def test_the_last_of_concurrent_reports_counts(presence_of: NewPresence) -> None:
    """Connects and disconnects of one account keep their order, however many others come and go."""
    here, others = presence_of("realtime-1"), [new_id() for _ in range(600)]
    comes, goes = new_id(), new_id()

    await asyncio.gather(
        here.connected(*others),
        *(
            word(account_id)
            for word in (here.disconnected, here.connected)
            for account_id in [comes, *others]
        ),
        *(word(goes) for word in (here.connected, here.disconnected)),
        here.disconnected(others[0]),
    )

    assert await here.is_connected(comes)
    assert not await here.is_connected(goes)
    assert not await here.is_connected(others[0])
    assert all([await here.is_connected(account_id) for account_id in others[1::100]])


async def test_accounts_are_independent(presence_of: NewPresence) -> None:
    """One account's connection does not affect another's."""
    here, carla, vince = presence_of("realtime-1"), new_id(), new_id()
    await here.connected(carla)

    await here.disconnected(vince)

    assert await here.is_connected(carla)
    assert not await here.is_connected(vince)


async def test_presence_reported_by_a_crashed_process_expires(
    presence_of: NewPresence, clock: FixedClock
) -> None:
    """Presence that is not renewed is gone within a minute; presence that is renewed stays."""
    crashed, running = presence_of("realtime-1"), presence_of("realtime-2")
    carla, vince = new_id(), new_id()
    await crashed.connected(carla)
    for _ in range(6):
        await running.connected(vince)
        clock.advance(seconds=10)

    assert not await running.is_connected(carla)
    assert await running.is_connected(vince)


async def test_one_lost_renewal_makes_nobody_absent(
    presence_of: NewPresence, clock: FixedClock
) -> None:
    """One lost renewal does not make anybody absent: presence lasts twice the renewal interval."""
    here, carla = presence_of("realtime-1"), new_id()
    await here.connected(carla)

    clock.advance(seconds=20)

    assert await here.is_connected(carla)


async def test_active_accounts_are_found_with_their_gateway(presence_of: NewPresence) -> None:
    """Many accounts are queried at once; being connected is not being active."""
    here, there = presence_of("realtime-1"), presence_of("realtime-2")
    carla, vince, idle = new_id(), new_id(), new_id()
    await here.connected(idle)
    await here.active(carla, vince)
    await there.active(carla)

    assert await there.active_at([carla, vince, idle]) == {
        carla: frozenset({"realtime-1", "realtime-2"}),
        vince: frozenset({"realtime-1"}),
    }

    await here.inactive(carla, vince)
    assert await here.active_at([carla, vince]) == {carla: frozenset({"realtime-2"})}
    assert not await here.is_connected(carla)


async def test_activity_reported_by_a_crashed_process_expires(
    presence_of: NewPresence, clock: FixedClock
) -> None:
    """Activity that a crashed process reported is gone within half a minute."""
    crashed, running, carla = presence_of("realtime-1"), presence_of("realtime-2"), new_id()
    await crashed.active(carla)

    clock.advance(seconds=20)
    assert await running.active_at([carla]) == {carla: frozenset({"realtime-1"})}
    clock.advance(seconds=10)
    assert await running.active_at([carla]) == {}


async def test_presence_without_redis_is_a_temporary_error(clock: FixedClock) -> None:
    """Every call raises the error that means "try again"."""
    redis = live.connect("redis://127.0.0.1:9/0")
    presence = RedisPresence(redis, "realtime-1", clock)

    calls = (presence.connected, presence.disconnected, presence.is_connected, presence.active)
    for call in (*calls, presence.inactive):
        with pytest.raises(TemporaryError, match="Redis"):
            await call("carla")
    with pytest.raises(TemporaryError, match="Redis"):
        await presence.active_at(["carla"])
    await redis.aclose()
