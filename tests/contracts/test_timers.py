"""Timers: set, cancelled, claimed, and finished with their effect."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from marketplace.domain.timers import Timer, TimerKind
from marketplace.ports import Repositories, Store
from tests.builders import NOW
from tests.contracts.helpers import concurrently
from tests.rows import a_timer

LEASE = timedelta(seconds=45)
SECOND = timedelta(seconds=1)
EXPIRY, WARNING = TimerKind.OFFER_EXPIRY, TimerKind.OFFER_WARNING


async def claimed_from(store: Store, *timers: Timer, now: datetime = NOW) -> list[Timer]:
    """Set timers, and claim what is due."""
    await store.timers.set_many(timers)
    return await store.timers.claim(EXPIRY, now, 100, now + LEASE)


async def test_a_claimed_timer_is_the_one_that_was_set(store: Store) -> None:
    """A claim has a lease and its end, and nothing else changes."""
    timer = a_timer()

    (claimed,) = await claimed_from(store, timer)

    assert claimed.lease
    assert claimed == replace(timer, lease=claimed.lease, claimable_at=NOW + LEASE)
    assert await store.timers.get_many([timer.id, "unknown"]) == {timer.id: claimed}


async def test_only_due_timers_of_the_kind_are_claimed(store: Store) -> None:
    """Longest due first, at most as many as asked for; other kinds and later moments stay."""
    due = [a_timer(due_at=NOW - number * SECOND) for number in (1, 3, 2, 0)]
    await store.timers.set_many([*due, a_timer(due_at=NOW + SECOND), a_timer(kind=WARNING)])

    first = await store.timers.claim(EXPIRY, NOW, 3, NOW + LEASE)
    rest = await store.timers.claim(EXPIRY, NOW, 3, NOW + LEASE)

    assert [timer.id for timer in first] == [due[1].id, due[2].id, due[0].id]
    assert [timer.id for timer in rest] == [due[3].id]


async def test_the_newest_due_timers_can_be_claimed_first(store: Store) -> None:
    """Those that became claimable last, and never one that is not due."""
    due = [a_timer(due_at=NOW - number * SECOND) for number in (3, 1, 2)]
    await store.timers.set_many([*due, a_timer(due_at=NOW + SECOND)])

    newest = await store.timers.claim(EXPIRY, NOW, 2, NOW + LEASE, newest_first=True)

    assert {timer.id for timer in newest} == {due[1].id, due[2].id}


async def test_a_timer_has_one_holder_at_a_time(store: Store) -> None:
    """Of many who claim at the same moment, each timer goes to one."""
    timers = [a_timer() for _ in range(40)]
    await store.timers.set_many(timers)

    claims = await asyncio.gather(
        *(store.timers.claim(EXPIRY, NOW, 8, NOW + LEASE) for _ in range(16))
    )

    ids = [timer.id for claim in claims for timer in claim]
    assert len(ids) == len(set(ids))
    remaining = await store.timers.claim(EXPIRY, NOW, 100, NOW + LEASE)
    assert set(ids) | {timer.id for timer in remaining} == {timer.id for timer in timers}


async def test_an_expired_lease_lets_another_process_claim_the_timer(store: Store) -> None:
    """It is claimed again after the lease, and the first holder cannot finish it any more."""
    (first,) = await claimed_from(store, a_timer())

    assert await store.timers.claim(EXPIRY, NOW + LEASE - SECOND, 1, NOW + 2 * LEASE) == []
    (second,) = await store.timers.claim(EXPIRY, NOW + LEASE, 1, NOW + 2 * LEASE)

    assert second.lease != first.lease
    assert not await store.timers.finish(first)
    assert await store.timers.finish(second)


async def test_a_timer_is_finished_only_once(store: Store) -> None:
    """A timer is finished once."""
    (claimed,) = await claimed_from(store, a_timer())

    assert await store.timers.finish(claimed)
    assert not await store.timers.finish(claimed)
    assert await store.timers.claim(EXPIRY, NOW + 2 * LEASE, 1, NOW + 3 * LEASE) == []


async def test_a_timer_that_nobody_claimed_is_not_finished(store: Store) -> None:
    """Only a claim can be finished or put off."""
    timer = a_timer()
    await store.timers.set_many([timer])

    assert not await store.timers.finish(timer)
    await store.timers.put_off(timer, NOW + LEASE)

    assert await store.timers.get_many([timer.id]) == {timer.id: timer}


async def test_setting_or_cancelling_a_timer_revokes_its_claim(store: Store) -> None:
    """Moving or cancelling a timer ends the claim on it."""
    moved, cancelled = await claimed_from(store, a_timer(due_at=NOW - SECOND), a_timer(due_at=NOW))

    later = replace(moved, due_at=NOW + LEASE, claimable_at=NOW + LEASE, lease=None)
    await store.timers.set_many([later])
    await store.timers.cancel([cancelled.id, "unknown"])

    assert not await store.timers.finish(moved)
    assert not await store.timers.finish(cancelled)
    assert await store.timers.get_many([moved.id, cancelled.id]) == {moved.id: later}


async def test_only_one_of_a_concurrent_finish_and_cancellation_succeeds(store: Store) -> None:
    """The effect and the cancellation are in transactions: never both have an effect."""
    for _ in range(10):
        timer = a_timer()
        (claimed,) = await claimed_from(store, timer)

        async def take_effect(tx: Repositories, claimed: Timer = claimed) -> str | None:
            return "effect" if await tx.timers.finish(claimed) else None

        async def cancel(tx: Repositories, timer: Timer = timer) -> str | None:
            if not await tx.timers.get_many([timer.id]):
                return None
            await tx.timers.cancel([timer.id])
            return "cancelled"

        outcomes = await concurrently(store.transact(take_effect), store.transact(cancel))

        effects = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert len(effects) == 1


async def test_a_rolled_back_transaction_leaves_the_timer_claimed(store: Store) -> None:
    """`finish` is taken back with the transaction, and the claim still holds."""
    (claimed,) = await claimed_from(store, a_timer())

    async def fail(tx: Repositories) -> None:
        assert await tx.timers.finish(claimed)
        raise RuntimeError("a defect")

    (outcome,) = await concurrently(store.transact(fail))

    assert isinstance(outcome, RuntimeError)
    assert await store.timers.finish(claimed)


async def test_a_finished_timer_is_set_again_in_the_same_transaction(store: Store) -> None:
    """A handler that finds its timer too early sets it for later."""
    (claimed,) = await claimed_from(store, a_timer())
    later = a_timer(subject_id=claimed.subject_id, due_at=NOW + LEASE)

    async def set_again(tx: Repositories) -> None:
        assert await tx.timers.finish(claimed)
        await tx.timers.set_many([later])

    await store.transact(set_again)

    assert await store.timers.get_many([later.id]) == {later.id: later}


async def test_a_failed_attempt_is_counted_and_repeated_later(store: Store) -> None:
    """What was put off is due again at its moment, and a new timer starts without failures."""
    (claimed,) = await claimed_from(store, a_timer())

    await store.timers.put_off(claimed, NOW + SECOND)
    await store.timers.put_off(claimed, NOW + LEASE)  # it is no longer held

    assert await store.timers.claim(EXPIRY, NOW, 1, NOW + LEASE) == []
    (again,) = await store.timers.claim(EXPIRY, NOW + SECOND, 1, NOW + LEASE)
    assert (again.failures, again.due_at) == (1, NOW)
    await store.timers.set_many([a_timer(subject_id=again.subject_id)])
    assert (await store.timers.get_many([again.id]))[again.id].failures == 0


async def test_the_longest_overdue_timer_is_found_even_while_claimed(store: Store) -> None:
    """Claimed and failed timers count: they are what an operator has to know of."""
    assert await store.timers.longest_due(EXPIRY, NOW) is None
    await claimed_from(store, a_timer(due_at=NOW - LEASE), a_timer(), a_timer(due_at=NOW + LEASE))

    assert await store.timers.longest_due(EXPIRY, NOW) == NOW - LEASE
    assert await store.timers.longest_due(WARNING, NOW) is None


async def test_empty_lists_of_timers_are_allowed(store: Store) -> None:
    """An empty list is allowed."""
    await store.timers.set_many([])
    await store.timers.cancel([])

    assert await store.timers.get_many([]) == {}
