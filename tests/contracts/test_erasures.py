"""Which accounts were erased, and which erasures have work left."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from marketplace.domain.accounts import Role
from marketplace.domain.erasures import Erasure
from marketplace.ports import Store
from tests.builders import NOW

LATER = NOW + timedelta(minutes=2)


def an_erasure(account_id: str = "carla", minutes: int = 0) -> Erasure:
    """An erasure that is due so many minutes from now."""
    return Erasure(account_id, Role.CUSTOMER, NOW, NOW + timedelta(minutes=minutes))


async def test_an_erasure_reads_back_equal(store: Store) -> None:
    """The record stays after the last run."""
    finished = replace(an_erasure(), due_at=None, finished_at=NOW)
    await store.erasures.add(an_erasure())
    assert await store.erasures.get("carla") == an_erasure()

    await store.erasures.save(finished)

    assert await store.erasures.get("carla") == finished
    assert await store.erasures.get("luis") is None
    assert await store.erasures.claim_due(NOW + timedelta(days=9), LATER) is None


async def test_the_erasure_that_is_due_the_longest_is_claimed_first(store: Store) -> None:
    """What is due later waits; a claimed one is due again when its lease ends."""
    for account_id, minutes in (("b", -1), ("c", 1), ("a", -2)):
        await store.erasures.add(an_erasure(account_id, minutes))

    claimed = [await store.erasures.claim_due(NOW, LATER) for _ in range(3)]

    assert [erasure and erasure.id for erasure in claimed] == ["a", "b", None]
    again = await store.erasures.claim_due(LATER, LATER + timedelta(minutes=2))
    assert again is not None
    assert again.id == "c"


async def test_of_many_who_claim_an_erasure_one_gets_it(store: Store) -> None:
    """Concurrent processes never run one erasure together."""
    await store.erasures.add(an_erasure())

    claimed = await asyncio.gather(*(store.erasures.claim_due(NOW, LATER) for _ in range(20)))

    assert [erasure.id for erasure in claimed if erasure is not None] == ["carla"]
