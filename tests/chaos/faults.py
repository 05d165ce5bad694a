"""The faults that processes and servers suffer while people talk.

Each function returns when the fault has ended and its victim works again; every wait has a bound.
"""

import asyncio
import signal

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from tests.chaos.load import Load
from tests.chaos.rests import NAMES
from tests.chaos.stopping import stopped
from tests.journeys.site import GATEWAYS, Site
from tests.journeys.waiting import eventually

# How many acknowledgements show that people still talk, how many effects that they still trade, and
# how many files that they still upload.
A_WHILE = 150
SOME_EFFECTS, SOME_FILES = 12, 4
# Longer than the lease of an Idempotency-Key (20 s): it is taken over, then the first one
# continues.
STANDS_STILL_S = 25.0
DEAF_WITHIN_S = 10.0
# What expires is ended by `matching` and told by the relay and `notify`; `notify` gives warnings.
_HANDLERS = ("matching", "notify", "relay")


async def kill_gateways(site: Site, load: Load, rounds: int) -> None:
    """`kill -9` of each gateway in turn, while the other one serves everybody."""
    for name in GATEWAYS * rounds:
        await site.kill(name, hold_s=3.0)
        await load.acknowledged(A_WHILE)
        await site.is_back(name)
        await load.acknowledged(A_WHILE)


async def drain_gateways(site: Site, load: Load, rounds: int) -> None:
    """SIGTERM to each gateway in turn: it sends its apps to the other one and exits."""
    for name in GATEWAYS * rounds:
        await _end(site, name, signal.SIGTERM)
        await load.acknowledged(A_WHILE)
        await site.is_back(name)


async def hang_gateways(site: Site, load: Load, rounds: int) -> None:
    """Each gateway in turn is frozen for six seconds, with its sockets open."""
    for name in GATEWAYS * rounds:
        async with stopped(site.running.pid(name)):
            await asyncio.sleep(6.0)
        await site.is_back(name)
        await load.acknowledged(A_WHILE)


async def kill_valkey(site: Site, load: Load, rounds: int) -> None:
    """`kill -9` of Valkey, which is down for three seconds and loses all its data."""
    for _ in range(rounds):
        await site.kill("valkey", hold_s=3.0)
        await load.acknowledged(A_WHILE)
        await _all_ready(site)
        await load.acknowledged(A_WHILE)


async def cut_subscriptions(site: Site, load: Load, rounds: int) -> None:
    """Valkey repeatedly cuts every publish/subscribe connection, but stays up."""
    async with Redis.from_url(site.running.redis_url) as redis:
        for _ in range(8 * rounds):
            assert await redis.client_kill_filter(_type="pubsub") > 0
            await load.acknowledged(A_WHILE // 2)


async def pause_valkey(site: Site, load: Load, rounds: int) -> None:
    """Valkey delays every command for three seconds, then is frozen for five."""
    async with Redis.from_url(site.running.redis_url) as redis:
        for _ in range(rounds):
            await redis.client_pause(3_000)
            await load.acknowledged(A_WHILE)
            async with stopped(site.running.pid("valkey")):
                await asyncio.sleep(5.0)
            await _all_ready(site)
            await load.acknowledged(A_WHILE)


async def deafen(site: Site, load: Load, rounds: int) -> None:
    """Valkey is frozen until the gateways report that they hear nothing, within ten seconds."""
    for _ in range(rounds):
        async with stopped(site.running.pid("valkey")):
            for name in GATEWAYS:
                await eventually(lambda name=name: _is_sick(site, name), within_s=DEAF_WITHIN_S)  # type: ignore[misc] # bound now
            await load.acknowledged(A_WHILE)
        for name in GATEWAYS:
            await eventually(lambda name=name: site.is_ready(name), within_s=DEAF_WITHIN_S)  # type: ignore[misc] # bound now
        await load.acknowledged(A_WHILE)


async def step_mongod_down(site: Site, load: Load, rounds: int) -> None:
    """The primary steps down for three seconds, and there is no other member to elect."""
    for _ in range(rounds):
        client: AsyncMongoClient[dict[str, object]]
        async with AsyncMongoClient(site.running.mongodb_url) as client:
            await client.admin.command(
                {"replSetStepDown": 3, "secondaryCatchUpPeriodSecs": 0, "force": True}
            )
        await load.acknowledged(2 * A_WHILE)


async def kill_mongod(site: Site, load: Load, rounds: int) -> None:
    """`kill -9` of mongod in the middle of the writes; it restarts from its journal."""
    for _ in range(rounds):
        await site.kill("mongod")
        await load.acknowledged(2 * A_WHILE)
        await _all_ready(site)


async def stop_mongod(site: Site, load: Load, rounds: int) -> None:
    """mongod is frozen for ten seconds, with its sockets open."""
    for _ in range(rounds):
        async with stopped(site.running.pid("mongod")):
            await asyncio.sleep(10.0)
        await load.acknowledged(2 * A_WHILE)
        await _all_ready(site)


async def kill_rests(_: Site, load: Load, rounds: int) -> None:
    """`kill -9` of each `rest` in turn, while the other one serves everybody."""
    assert load.rests is not None
    for name in NAMES * rounds:
        await load.rests.kill(name, hold_s=2.0)
        await load.done(SOME_EFFECTS)
        await load.rests.is_back(name)
        await load.done(SOME_EFFECTS)


async def kill_receiving_rests(_: Site, load: Load, rounds: int) -> None:
    """`kill -9` of each `rest` in turn while files are sent, checked and stored."""
    assert load.rests is not None
    for name in NAMES * rounds:
        await load.uploaded(SOME_FILES)
        await load.rests.kill(name, hold_s=1.0)
        await load.uploaded(SOME_FILES)
        await load.rests.is_back(name)


async def stop_rests(_: Site, load: Load, rounds: int) -> None:
    """Each `rest` in turn is frozen for 25 seconds, with its requests open, then continues."""
    assert load.rests is not None
    for name in NAMES * rounds:
        async with stopped(load.rests.supervisor.pid(name)):
            await asyncio.sleep(STANDS_STILL_S)
        await load.rests.is_back(name)
        await load.done(SOME_EFFECTS)


async def kill_around_timers(site: Site, load: Load, rounds: int) -> None:
    """`kill -9` of `matching`, `notify`, the relay and mongod in turn, while offers expire."""
    assert load.deadlines is not None
    for name in (*_HANDLERS, "mongod") * rounds:
        await load.deadlines.fall_due("warn" if name == "notify" else "expire")
        await site.kill(name)
        await load.acknowledged(A_WHILE)
        for handler in _HANDLERS:
            await site.is_back(handler)


async def _end(site: Site, name: str, number: signal.Signals) -> None:
    before = site.running.pid(name)
    await asyncio.to_thread(site.running.kill, name, number)

    async def is_gone() -> bool:
        return site.running.pid(name) != before

    await eventually(is_gone)


async def _all_ready(site: Site) -> None:
    for name in (*GATEWAYS, "rest"):
        await site.is_back(name)


async def _is_sick(site: Site, name: str) -> bool:
    return not await site.is_ready(name)
