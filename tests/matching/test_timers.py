"""Timers over MongoDB: two processes, one of them killed, and ten thousand due at once."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from marketplace.actions.lifetimes import expire_match, expire_rfi
from marketplace.domain import lifetimes
from marketplace.domain.matches import Match
from marketplace.domain.policy import Policy
from marketplace.domain.timers import Timer, TimerKind, timer
from marketplace.ids import new_id
from marketplace.settings import Settings
from marketplace.storage import MongoStore, open_store
from marketplace.timer_runner import TimerRunner
from tests import memory
from tests.builders import NOW, a_match, a_revision, a_vendor, an_rfi
from tests.matching.processes import a_matching_process

OFFERS = 300
SOME = 60
BACKLOG = 10_000
WITHIN_S = 5.0
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def until(read: Callable[[], Awaitable[int]], enough: int, within_s: float = 180.0) -> None:
    """Wait until a number is reached that another process counts up."""
    async with asyncio.timeout(within_s):
        while await read() < enough:  # noqa: ASYNC110 # another process
            await asyncio.sleep(0.02)


async def offers_that_expire(store: MongoStore, at: datetime, count: int) -> list[Match]:
    """Offers, five of each RFI and one of each vendor, whose timers are due at this moment."""
    offered_at, offers = at - Policy().offer_lifetime, list[Match]()
    for _ in range(count // 5):
        rfi = an_rfi(match_count=5, created_at=at, updated_at=at, needed_by=at + 9 * DAY)
        await store.rfis.add(rfi, a_revision(rfi))
        for _ in range(5):
            vendor = a_vendor(open_matches=1)
            await store.vendors.add(vendor)
            match = a_match(
                rfi_id=rfi.id, vendor_id=vendor.id, offered_at=offered_at, updated_at=offered_at
            )
            await store.matches.add(match)
            offers.append(match)
    await store.timers.set_many(
        [due for match in offers for due in lifetimes.timers_of_match(match, Policy())[:1]]
    )
    return offers


async def test_offers_expire_once_although_a_process_is_killed(
    settings: Settings, store: MongoStore
) -> None:
    """`kill -9` of one of two in the middle: what it held comes again, and nothing happens twice."""
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    offers = await offers_that_expire(store, now - SECOND, OFFERS)
    database = store.database

    async def closed() -> int:
        return await database["matches"].count_documents({"state": "closed"})

    async with (
        a_matching_process(settings, "matching-1") as killed,
        a_matching_process(settings, "matching-2") as survivor,
    ):
        await until(closed, SOME)
        killed.kill()
        await killed.wait()
        # Its leases end in 45 s; nobody has to wait for that here.
        await database["timers"].update_many(
            {"lease": {"$exists": True}}, {"$set": {"claimable_at": now}}
        )
        await until(closed, len(offers))
        survivor.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await survivor.wait() == 0

    events = await database["outbox"].find({"name": "match.closed"}).to_list(None)
    assert len(events) == len(offers)
    decided = await database["decisions"].find({}, {"subject_id": 1}).to_list(None)
    assert Counter(decision["subject_id"] for decision in decided) == Counter(
        match.id for match in offers
    )
    assert await database["vendors"].count_documents({"open_matches": {"$ne": 0}}) == 0
    assert await database["rfis"].count_documents({"match_count": {"$ne": 0}}) == 0
    kinds = {"$in": [TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING]}
    assert await database["timers"].count_documents({"kind": kinds}) == 0


async def test_ten_thousand_due_timers_do_not_delay_others(store: MongoStore) -> None:
    """RFIs, and offers that fall due later, expire in seconds while ten thousand offers wait."""
    world = replace(memory.a_world(), store=store)
    runner = TimerRunner(
        world,
        {
            TimerKind.OFFER_EXPIRY: partial(expire_match, world),
            TimerKind.RFI_EXPIRY: partial(expire_rfi, world),
        },
    )
    kind = TimerKind.OFFER_EXPIRY
    backlog: list[Timer] = [timer(kind, new_id(), NOW - SECOND) for _ in range(BACKLOG)]
    for start in range(0, BACKLOG, 1_000):
        await store.timers.set_many(backlog[start : start + 1_000])
    rfis = [an_rfi(needed_by=NOW) for _ in range(3)]
    for rfi in rfis:
        await store.rfis.add(rfi, a_revision(rfi))
    database = store.database

    async def waiting() -> int:
        return await database["timers"].count_documents({"kind": kind})

    async def expired_rfis() -> int:
        return await database["rfis"].count_documents({"state": "withdrawn"})

    async def expired_offers() -> int:
        return await database["matches"].count_documents({"state": "closed"})

    running = asyncio.create_task(runner.run())
    try:
        for number, rfi in enumerate(rfis, 1):
            await store.timers.set_many(lifetimes.timers_of_rfi(rfi, Policy())[:1])
            await until(expired_rfis, number, WITHIN_S)
            await offers_that_expire(store, NOW, 5)
            await until(expired_offers, 5 * number, WITHIN_S)
        assert await waiting() > 0
    finally:
        runner.stop()
        await running


async def test_two_stores_handle_each_timer_once(settings: Settings, store: MongoStore) -> None:
    """Many that are due at once, with runners over two connections."""
    other = await open_store(settings)
    try:
        effects = Counter[str]()

        def runner_over(connection: MongoStore) -> TimerRunner:
            async def handle(due: Timer) -> bool:
                if not await connection.transact(lambda tx: tx.timers.finish(due)):
                    return False
                effects[due.subject_id] += 1
                return True

            world = replace(memory.a_world(), store=connection)
            return TimerRunner(world, {TimerKind.OFFER_EXPIRY: handle})

        timers = [timer(TimerKind.OFFER_EXPIRY, new_id(), NOW) for _ in range(200)]
        await store.timers.set_many(timers)

        async def drain(runner: TimerRunner) -> None:
            while await runner.handle_due(TimerKind.OFFER_EXPIRY):
                pass

        await asyncio.gather(*(drain(runner_over(one)) for one in (store, other, store, other)))

        assert effects == Counter(due.subject_id for due in timers)
    finally:
        await other.close()
