"""Send quotas of the recipients of notifications."""

import asyncio
from datetime import timedelta

from marketplace.ports import Store
from tests.builders import NOW

HOUR = timedelta(hours=1)


async def test_concurrent_requests_get_no_more_slots_than_exist(store: Store) -> None:
    """Concurrent requests get exactly the available slots, and the same ones when they ask again."""

    async def ask() -> list[bool]:
        return await asyncio.gather(
            *(store.send_quotas.take("sms:1", f"n{number}", NOW, 5, HOUR) for number in range(30))
        )

    first = await ask()

    assert sum(first) == 5
    assert await ask() == first
    assert await store.send_quotas.take("sms:2", "n29", NOW, 5, HOUR)


async def test_a_slot_is_free_again_when_it_expires(store: Store) -> None:
    """Slots expire one by one: the window slides, so no boundary lets twice as many through."""
    quotas = store.send_quotas
    assert await quotas.take("sms:1", "early", NOW, 2, HOUR)
    assert await quotas.take("sms:1", "late", NOW + HOUR / 2, 2, HOUR)
    assert not await quotas.take("sms:1", "next", NOW + HOUR * 0.99, 2, HOUR)

    assert await quotas.take("sms:1", "next", NOW + HOUR, 2, HOUR)
    assert not await quotas.take("sms:1", "early", NOW + HOUR, 2, HOUR)
