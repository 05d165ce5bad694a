"""Which vendors an RFI is offered to, however often and concurrently it is matched."""

import asyncio
from dataclasses import replace

import pytest

from marketplace.actions import matches, rfis
from marketplace.actions.events import rfi_event
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.awards import CANCELLED
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.rfis import Change, Rfi
from marketplace.domain.vendors import ServiceArea, Vendor, VendorState
from marketplace.events import Event, decode, encode
from marketplace.ports import World
from marketplace.storage import MongoStore
from matching.handler import Handler
from tests import memory
from tests.builders import (
    a_place,
    a_revision,
    a_vendor,
    a_vendor_north,
    an_actor,
    an_rfi,
    north_of_denver,
)


@pytest.fixture
def live() -> memory.Live:
    """Records what is announced."""
    return memory.Live()


@pytest.fixture
def world(store: MongoStore, live: memory.Live) -> World:
    """The MongoDB store, with everything else in memory."""
    return replace(memory.a_world(live=live), store=store)


@pytest.fixture
def handler(world: World) -> Handler:
    """A member of the consumer group."""
    return Handler(world)


async def keep(store: MongoStore, *vendors: Vendor) -> None:
    """Store vendors."""
    for vendor in vendors:
        await store.vendors.add(vendor)


async def submitted(store: MongoStore, **named: object) -> tuple[Rfi, Event]:
    """An open RFI in the store, and its `rfi.submitted` as read from Kafka."""
    rfi = an_rfi(**named)
    await store.rfis.add(rfi, a_revision(rfi))
    return rfi, decode(encode(rfi_event("rfi.submitted", rfi, a_revision(rfi), an_actor())))


def revised(rfi: Rfi, *paths: str) -> Event:
    """`rfi.revised` as read from Kafka, with these paths changed."""
    changes = tuple(Change(path, None, None) for path in paths)
    revision = a_revision(rfi, changes=changes)
    return decode(encode(rfi_event("rfi.revised", rfi, revision, an_actor())))


async def offered_to(store: MongoStore, rfi: Rfi) -> list[str]:
    """The vendors with an open offer, closest first."""
    return [match.vendor_id for match in await live_of(store, rfi)]


async def live_of(store: MongoStore, rfi: Rfi) -> list[Match]:
    """The open offers, closest first."""
    found = await store.matches.of_rfi(rfi.id)
    return [match for match in found if match.state is MatchState.OFFERED]


async def test_a_submitted_rfi_is_offered_to_the_closest_up_to_its_limit(
    handler: Handler, store: MongoStore, live: memory.Live
) -> None:
    """Of eight vendors in reach, the three closest get it; they and the customer are notified."""
    vendors = [a_vendor_north(km * 1_000) for km in (8, 2, 5, 1, 7, 3, 6, 4)]
    await keep(store, *vendors)
    rfi, event = await submitted(store, max_vendors=3)

    await handler.handle(event)

    assert await offered_to(store, rfi) == [vendors[3].id, vendors[1].id, vendors[5].id]
    kept = await store.rfis.get(rfi.id)
    assert kept is not None
    assert kept.match_count == 3
    assert [match.distance_m for match in await live_of(store, rfi)] == [1_000, 2_000, 3_000]
    assert len(live.named("match.offered")) == 6
    assert await store.database["outbox"].count_documents({"name": "match.offered"}) == 3


async def test_only_suitable_vendors_get_an_offer(handler: Handler, store: MongoStore) -> None:
    """A vendor's own radius, categories, capacity and state all have to fit."""
    good = a_vendor_north(5_000, radius_m=5_100)
    await keep(
        store,
        good,
        a_vendor_north(5_000, radius_m=4_900),
        a_vendor(categories=("roofing",)),
        a_vendor(capacity=2, open_matches=2),
        a_vendor(capacity=0),
        a_vendor(service_area=None, state=VendorState.APPLIED),
        *(a_vendor(state=state) for state in VendorState if state is not VendorState.ACTIVE),
    )
    rfi, event = await submitted(store)

    await handler.handle(event)

    assert await offered_to(store, rfi) == [good.id]


async def test_an_rfi_without_a_vendor_in_reach_stays_open(
    handler: Handler, store: MongoStore
) -> None:
    """An RFI with no vendor in reach stays open without offers."""
    await keep(store, a_vendor(service_area=ServiceArea(a_place(0.0, 0.0), 500_000)))
    rfi, event = await submitted(store)

    await handler.handle(event)

    assert await store.matches.of_rfi(rfi.id) == []


async def test_a_second_delivery_changes_nothing(
    handler: Handler, world: World, store: MongoStore
) -> None:
    """A repeated event has no effect, whether in sequence or by two members at once."""
    await keep(store, *(a_vendor_north(number * 500) for number in range(1, 9)))
    rfi, event = await submitted(store, max_vendors=3)

    await asyncio.gather(handler.handle(event), Handler(world).handle(event))
    first = await store.matches.of_rfi(rfi.id)
    await handler.handle(event)

    assert len(first) == 3
    assert await store.matches.of_rfi(rfi.id) == first
    assert await store.database["outbox"].count_documents({"name": "match.offered"}) == 3


async def test_concurrent_events_of_one_rfi_respect_max_vendors(
    world: World, store: MongoStore
) -> None:
    """Members that match one RFI concurrently stay within `max_vendors` together."""
    await keep(store, *(a_vendor_north(number * 500) for number in range(1, 13)))
    rfi, event = await submitted(store, max_vendors=4)
    events = [event, *(revised(rfi, "max_vendors") for _ in range(5))]

    await asyncio.gather(*(Handler(world).handle(event) for event in events))

    assert len(await live_of(store, rfi)) == 4
    kept = await store.rfis.get(rfi.id)
    assert kept is not None
    assert kept.match_count == 4


async def test_twenty_rfis_compete_for_one_vendor_with_three_places(
    world: World, store: MongoStore
) -> None:
    """Exactly three RFIs get the vendor, which is never over capacity."""
    vendor = a_vendor(capacity=3)
    await keep(store, vendor)
    submissions = [await submitted(store) for _ in range(20)]
    members = [Handler(world), Handler(world)]

    await asyncio.gather(
        *(members[n % 2].handle(event) for n, (_, event) in enumerate(submissions))
    )

    counts = [len(await live_of(store, rfi)) for rfi, _ in submissions]
    assert sorted(counts) == [0] * 17 + [1] * 3
    kept = await store.vendors.get(vendor.id)
    assert kept is not None
    assert kept.open_matches == 3


async def test_a_moved_rfi_is_matched_again(
    handler: Handler, world: World, store: MongoStore, live: memory.Live
) -> None:
    """Vendors out of reach of the new place are released; vendors still in reach keep the offer."""
    here = a_vendor_north(0, radius_m=10_000)
    both = a_vendor_north(20_000, radius_m=30_000)
    there = a_vendor_north(40_000, radius_m=10_000)
    await keep(store, here, both, there)
    rfi, event = await submitted(store, max_vendors=2)
    await handler.handle(event)
    assert await offered_to(store, rfi) == [here.id, both.id]

    customer = Actor(rfi.customer_id, Role.CUSTOMER)
    place = {"location": north_of_denver(40_000)}
    moved = await rfis.revise(world, customer, rfi.id, rfi.revision, place)
    await handler.handle(revised(moved, "location"))

    assert set(await offered_to(store, rfi)) == {both.id, there.id}
    closed = [match for match in await store.matches.of_rfi(rfi.id) if match.vendor_id == here.id]
    assert [(match.state, match.closed_reason) for match in closed] == [
        (MatchState.CLOSED, "no_longer_suitable")
    ]
    freed = await store.vendors.get(here.id)
    assert freed is not None
    assert freed.open_matches == 0
    assert {announcement.data["vendor_id"] for announcement in live.named("match.updated")} == {
        here.id
    }


async def test_a_cancelled_award_fills_the_places_of_vendors_that_did_not_return(
    handler: Handler, store: MongoStore
) -> None:
    """The revision changes no content, and its cause says that places may be free."""
    vendor = a_vendor()
    await keep(store, vendor)
    rfi, _ = await submitted(store)
    revision = a_revision(rfi, cause=CANCELLED)

    event = decode(encode(rfi_event("rfi.revised", rfi, revision, an_actor())))
    await handler.handle(event)

    assert await offered_to(store, rfi) == [vendor.id]


@pytest.mark.parametrize("paths", [("title",), ("budget.max_minor", "description"), ("state",)])
async def test_a_revision_of_text_triggers_no_matching(
    paths: tuple[str, ...], handler: Handler, store: MongoStore
) -> None:
    """Only changes of place, category or number of vendors trigger matching."""
    rfi, _ = await submitted(store)
    await keep(store, a_vendor())

    await handler.handle(revised(rfi, *paths))

    assert await store.matches.of_rfi(rfi.id) == []


async def test_a_withdrawn_rfi_gets_no_offers(
    handler: Handler, world: World, store: MongoStore
) -> None:
    """A late event is judged by the RFI's current state."""
    await keep(store, a_vendor())
    rfi, event = await submitted(store)
    await rfis.withdraw(world, Actor(rfi.customer_id, Role.CUSTOMER), rfi.id, rfi.revision)

    await handler.handle(event)

    assert await store.matches.of_rfi(rfi.id) == []


async def test_withdrawing_during_matching_leaves_no_open_offer(
    world: World, store: MongoStore
) -> None:
    """In either order, no offer stays open and no capacity stays reserved."""
    vendors = [a_vendor_north(number * 100) for number in range(1, 4)]
    await keep(store, *vendors)
    for _ in range(5):
        rfi, event = await submitted(store)
        await asyncio.gather(
            Handler(world).handle(event),
            rfis.withdraw(world, Actor(rfi.customer_id, Role.CUSTOMER), rfi.id, rfi.revision),
        )
        assert await live_of(store, rfi) == []

    for vendor in vendors:
        kept = await store.vendors.get(vendor.id)
        assert kept is not None
        assert kept.open_matches == 0


async def test_a_vendor_that_declined_gets_no_second_offer(
    handler: Handler, world: World, store: MongoStore
) -> None:
    """The next wave goes to other vendors."""
    first, second = a_vendor_north(100), a_vendor_north(200)
    await keep(store, first, second)
    rfi, event = await submitted(store, max_vendors=1)
    await handler.handle(event)
    (offer,) = await live_of(store, rfi)
    await matches.decline(world, Actor(first.id, Role.VENDOR), offer.id, None)

    await handler.handle(revised(rfi, "max_vendors"))

    assert await offered_to(store, rfi) == [second.id]
