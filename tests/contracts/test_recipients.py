"""Suppressed addresses and send quotas of the recipients of notifications."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from marketplace.domain.conversations import Channel
from marketplace.domain.suppressions import Suppression, suppression_id
from marketplace.ports import Store
from tests.builders import NOW

HOUR = timedelta(hours=1)


def a_suppression(address: str = "+13035550188") -> Suppression:
    """A phone number whose owner unsubscribed."""
    key = suppression_id(Channel.SMS, address)
    return Suppression(key, Channel.SMS, "unsubscribed", "n1", NOW)


async def test_a_second_suppression_of_an_address_changes_nothing(store: Store) -> None:
    """A second suppression of an address changes nothing; other addresses are not suppressed."""
    first = a_suppression()

    await store.suppressions.add(first)
    await store.suppressions.add(replace(first, reason="invalid_address"))

    assert await store.suppressions.get(first.id) == first
    assert await store.suppressions.get(a_suppression("+13035550199").id) is None


def test_spelling_variants_of_an_address_are_one() -> None:
    """Spelling variants of an address share an id; the same text on another channel does not."""
    one = suppression_id(Channel.EMAIL, "Vera@Example.com ")

    assert one == suppression_id(Channel.EMAIL, "vera@example.com")
    assert one != suppression_id(Channel.SMS, "vera@example.com")


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
