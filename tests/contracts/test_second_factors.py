"""The second factors of accounts."""

import asyncio

from marketplace.domain.second_factors import SecondFactor
from marketplace.ports import Store
from tests.builders import NOW

BEGUN = SecondFactor("carla", b"\x00sealed", NOW)
ON = SecondFactor("carla", b"\x00sealed", NOW, NOW, 7, ("hash-1", "hash-2"))


async def test_a_factor_reads_back_equal_until_it_is_deleted(store: Store) -> None:
    """A later save replaces the factor; deleting it twice is no error."""
    assert await store.second_factors.get("carla") is None
    for factor in (BEGUN, ON):
        await store.second_factors.save(factor)
        assert await store.second_factors.get("carla") == factor

    await store.second_factors.delete("carla")
    await store.second_factors.delete("carla")

    assert await store.second_factors.get("carla") is None


async def test_a_time_step_is_used_once_and_never_an_earlier_one(store: Store) -> None:
    """Of many who use one step at once one succeeds."""
    await store.second_factors.save(ON)

    used = await asyncio.gather(*(store.second_factors.use_step("carla", 9) for _ in range(20)))

    assert sorted(used) == [False] * 19 + [True]
    assert [await store.second_factors.use_step("carla", step) for step in (8, 9, 10)] == [
        False,
        False,
        True,
    ]
    assert not await store.second_factors.use_step("luis", 9)


async def test_the_first_step_of_a_new_factor_counts_too(store: Store) -> None:
    """A factor that no code was accepted for has a step to compare with."""
    await store.second_factors.save(BEGUN)

    assert await store.second_factors.use_step("carla", 1)
    assert not await store.second_factors.use_step("carla", 1)


async def test_a_recovery_code_is_used_once(store: Store) -> None:
    """Of many who use one code at once, each in a transaction, one succeeds; the others stay."""
    await store.second_factors.save(ON)

    used = await asyncio.gather(
        *(
            store.transact(lambda tx: tx.second_factors.use_recovery_code("carla", "hash-1"))
            for _ in range(20)
        )
    )

    kept = await store.second_factors.get("carla")
    assert sorted(used) == [False] * 19 + [True]
    assert kept is not None
    assert kept.recovery_codes == ("hash-2",)
    assert not await store.second_factors.use_recovery_code("luis", "hash-2")
