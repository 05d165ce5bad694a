"""Due timers are handled: all of them, once, and none delays another."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace import timer_runner
from marketplace.domain.timers import Timer, TimerKind
from marketplace.errors import TemporaryError
from marketplace.ports import Repositories, World
from marketplace.timer_runner import LEASE, SLOTS, TimerRunner
from tests import memory
from tests.builders import NOW, FixedClock
from tests.rows import a_timer

EXPIRY, WARNING = TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING
Handler = Callable[[Timer], Awaitable[bool]]


class Effects:
    """Counts the effects of timers, each in a transaction that finishes its timer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.of = Counter[str]()

    async def __call__(self, timer: Timer) -> bool:
        """Finish the timer; a timer that somebody else finished has no effect."""

        async def work(tx: Repositories) -> bool:
            return await tx.timers.finish(timer)

        if not await self._world.store.transact(work):
            return False
        self.of[timer.subject_id] += 1
        return True


@pytest.fixture
def clock() -> FixedClock:
    """A clock that the test advances."""
    return FixedClock()


@pytest.fixture
def world(clock: FixedClock) -> World:
    """A world in memory."""
    return memory.a_world(clock=clock, store=memory.Store(clock))


async def handle_all(runner: TimerRunner, kind: TimerKind = EXPIRY) -> None:
    """Handle everything that is due now."""
    while await runner.handle_due(kind):
        pass


async def test_each_due_timer_has_its_effect_once(world: World) -> None:
    """Also with several runners over one store, and never before its moment."""
    effects = Effects(world)
    due = [a_timer() for _ in range(50)]
    later = a_timer(due_at=NOW + timedelta(seconds=1))
    await world.store.timers.set_many([*due, later])

    await asyncio.gather(*(handle_all(TimerRunner(world, {EXPIRY: effects})) for _ in range(4)))

    assert effects.of == Counter([timer.subject_id for timer in due])


async def test_a_claim_whose_holder_died_comes_again(world: World, clock: FixedClock) -> None:
    """After its lease, and what the first holder did not finish takes effect once."""
    effects = Effects(world)
    await world.store.timers.set_many([a_timer(subject_id="m1")])
    (abandoned,) = await world.store.timers.claim(EXPIRY, NOW, 1, NOW + LEASE)
    runner = TimerRunner(world, {EXPIRY: effects})

    await handle_all(runner)
    assert effects.of == Counter()
    clock.advance(seconds=LEASE.total_seconds())
    await handle_all(runner)
    assert not await effects(abandoned)

    assert effects.of == Counter(m1=1)


async def test_a_defect_delays_its_own_timer_and_no_other(world: World, clock: FixedClock) -> None:
    """It is tried again after 1 s, 2 s, 4 s …; the others of its kind go on."""
    effects, attempts = Effects(world), list[float]()

    async def handle(timer: Timer) -> bool:
        if timer.subject_id == "bad":
            attempts.append((clock.now() - NOW).total_seconds())
            raise ZeroDivisionError
        return await effects(timer)

    runner = TimerRunner(world, {EXPIRY: handle}, draw=lambda: 1.0)
    await world.store.timers.set_many(
        [a_timer(subject_id="bad"), *(a_timer(subject_id=str(n)) for n in range(20))]
    )

    for _ in range(16):
        await handle_all(runner)
        clock.advance(seconds=1)

    assert attempts == [0, 1, 3, 7, 15]
    assert effects.of == Counter(map(str, range(20)))


async def test_a_store_that_is_away_delays_a_timer_a_little(
    world: World, clock: FixedClock
) -> None:
    """Whatever the number of attempts, at most half a minute; then it has its effect."""
    effects, is_away = Effects(world), True

    async def handle(timer: Timer) -> bool:
        if is_away:
            raise TemporaryError("away")
        return await effects(timer)

    await world.store.timers.set_many([a_timer(subject_id="m1")])
    runner = TimerRunner(world, {EXPIRY: handle})
    for _ in range(300):
        await handle_all(runner)
        clock.advance(seconds=1)
    is_away = False
    for _ in range(30):
        await handle_all(runner)
        clock.advance(seconds=1)

    assert effects.of == Counter(m1=1)


async def test_a_hanging_handler_is_cancelled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its timer is put off, and its slot is free."""
    monkeypatch.setattr(timer_runner, "HANDLER_TIMEOUT_S", 0.01)

    async def hang(_: Timer) -> bool:
        await asyncio.Event().wait()
        return True

    await world.store.timers.set_many([a_timer(subject_id="m1")])

    assert await TimerRunner(world, {EXPIRY: hang}).handle_due(EXPIRY) == 1

    (timer,) = (await world.store.timers.get_many([f"{EXPIRY}:m1"])).values()
    assert (timer.failures, timer.lease) == (1, None)


async def test_a_backlog_of_one_kind_does_not_delay_another(world: World) -> None:
    """While one kind's slots are all taken, a timer of another kind is handled."""
    free, is_handled = asyncio.Event(), asyncio.Event()

    async def wait(timer: Timer) -> bool:
        await free.wait()
        return await world.store.transact(lambda tx: tx.timers.finish(timer))

    async def handle(timer: Timer) -> bool:
        is_handled.set()
        return await world.store.transact(lambda tx: tx.timers.finish(timer))

    backlog = [a_timer() for _ in range(5 * SLOTS)]
    await world.store.timers.set_many([*backlog, a_timer(kind=WARNING)])
    runner = TimerRunner(world, {EXPIRY: wait, WARNING: handle})
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(10):
            await is_handled.wait()
        assert len(await world.store.timers.get_many([timer.id for timer in backlog])) == 5 * SLOTS
    finally:
        free.set()
        runner.stop()
        await running


async def test_a_backlog_does_not_delay_what_falls_due_later(world: World) -> None:
    """Of a kind with a long backlog, the timer that fell due last is among the next ones."""
    effects = Effects(world)
    backlog = [a_timer(due_at=NOW - timedelta(hours=1)) for _ in range(10 * SLOTS)]
    await world.store.timers.set_many([*backlog, a_timer(subject_id="last")])

    assert await TimerRunner(world, {EXPIRY: effects}).handle_due(EXPIRY) == SLOTS

    assert effects.of["last"] == 1


async def test_a_runner_stops_at_once(world: World) -> None:
    """What is being handled is finished, and nothing else is claimed."""
    started, free, effects = asyncio.Event(), asyncio.Event(), Effects(world)

    async def handle(timer: Timer) -> bool:
        started.set()
        await free.wait()
        return await effects(timer)

    await world.store.timers.set_many([a_timer() for _ in range(3 * SLOTS)])
    runner = TimerRunner(world, {EXPIRY: handle})
    running = asyncio.create_task(runner.run())
    await started.wait()

    runner.stop()
    free.set()
    async with asyncio.timeout(5):
        await running

    assert effects.of.total() == SLOTS


async def test_a_runner_outlives_a_store_that_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It claims again when the store answers."""
    monkeypatch.setattr(timer_runner, "LOOK_EVERY_S", 0.01)
    effects, claim, failures = Effects(world), world.store.timers.claim, iter(range(3))

    async def sometimes(*args: Any, **named: Any) -> list[Timer]:
        if next(failures, None) is not None:
            raise TemporaryError("away")
        return await claim(*args, **named)

    monkeypatch.setattr(world.store.timers, "claim", sometimes, raising=False)
    await world.store.timers.set_many([a_timer(subject_id="m1")])
    runner = TimerRunner(world, {EXPIRY: effects})
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(10):
            while not effects.of:  # noqa: ASYNC110 # done by the runner
                await asyncio.sleep(0.01)
    finally:
        runner.stop()
        await running

    assert effects.of == Counter(m1=1)


async def test_a_clock_that_jumps_doubles_nothing(world: World, clock: FixedClock) -> None:
    """Forward and back again, between claims: each timer has one effect."""
    effects = Effects(world)
    runner = TimerRunner(world, {EXPIRY: effects})
    timers = [a_timer(due_at=NOW + timedelta(hours=n)) for n in range(48)]
    await world.store.timers.set_many(timers)

    for hours in (30, -29, 12, -13, 100, -50, 1):
        await handle_all(runner)
        clock.advance(hours=hours)
    clock.advance(hours=100)
    await handle_all(runner)

    assert effects.of == Counter([timer.subject_id for timer in timers])
