"""Events in the outbox, and the marks of handled events."""

import asyncio

import pytest

from marketplace.ports import Repositories, Store
from tests.builders import a_vendor
from tests.contracts.helpers import concurrently
from tests.marketplace.every_event import a_vendor_event


async def test_an_event_is_stored_with_its_state(store: Store) -> None:
    """A valid event is stored in the same transaction as its state."""
    vendor = a_vendor()

    async def work(to: Repositories) -> None:
        await to.vendors.add(vendor)
        await to.outbox.add(a_vendor_event(vendor))

    await store.transact(work)

    assert await store.vendors.get(vendor.id) == vendor


async def test_each_group_marks_an_event_once(store: Store) -> None:
    """A group's second mark returns False; another group has its own mark."""

    def mark(group: str, event_id: str) -> "asyncio.Future[bool]":
        return asyncio.ensure_future(store.transact(lambda to: to.handled.mark(group, event_id)))

    assert await mark("matching", "e1")
    assert not await mark("matching", "e1")
    assert await mark("notify", "e1")
    assert await mark("matching", "e2")


async def test_concurrent_deliveries_of_one_event_have_one_effect(store: Store) -> None:
    """Overlapping redeliveries have one effect in total, and none of them fails."""
    vendor = a_vendor(capacity=10)
    await store.vendors.add(vendor)

    async def handle(to: Repositories) -> bool:
        if not await to.handled.mark("matching", "e1"):
            return False
        return await to.vendors.reserve(vendor.id)

    outcomes = await concurrently(*(store.transact(handle) for _ in range(10)))

    kept = await store.vendors.get(vendor.id)
    assert outcomes.count(True) == 1
    assert outcomes.count(False) == 9
    assert kept is not None
    assert kept.open_matches == 1


async def test_a_mark_is_rolled_back_with_its_effect(store: Store) -> None:
    """When the effect fails, its mark is rolled back too, and the next delivery has the effect."""

    async def fail(to: Repositories) -> None:
        await to.handled.mark("matching", "e1")
        raise RuntimeError("the effect failed")

    with pytest.raises(RuntimeError):
        await store.transact(fail)

    assert await store.transact(lambda to: to.handled.mark("matching", "e1"))


async def test_many_events_are_marked_and_looked_up_at_once(store: Store) -> None:
    """Each group has its own marks; unmarked events are left out."""
    await store.transact(lambda to: to.handled.mark_many("notify", ["e1", "e2"]))
    await store.transact(lambda to: to.handled.mark("matching", "e3"))

    async def marked(to: Repositories) -> frozenset[str]:
        return await to.handled.marked("notify", ["e1", "e2", "e3", "e4"])

    assert await store.transact(marked) == {"e1", "e2"}
    assert not await store.transact(lambda to: to.handled.mark("notify", "e1"))


async def test_many_events_are_stored_with_their_state(store: Store) -> None:
    """All are stored, and none of them when the work fails afterwards."""
    vendor, other = a_vendor(), a_vendor()
    happened = a_vendor_event(vendor)

    async def work(to: Repositories) -> None:
        await to.vendors.add(vendor)
        await to.outbox.add_many([happened, a_vendor_event(other)])
        raise RuntimeError("the work fails")

    with pytest.raises(RuntimeError):
        await store.transact(work)
    assert await store.vendors.get(vendor.id) is None

    await store.transact(lambda to: to.outbox.add_many([happened, a_vendor_event(other)]))
