"""Vendors: profiles, capacity, and the search for the closest."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from marketplace.domain import reviews, service_areas, vendors
from marketplace.domain.opening_hours import OpeningHours, Pause, Period
from marketplace.domain.vendor_reviews import Claim, Outcome, Review
from marketplace.domain.vendors import Proposal, ServiceArea, Vendor, VendorState
from marketplace.places import distance_m
from marketplace.ports import Store
from tests.builders import NOW, a_place, a_vendor, a_vendor_north, north_of_denver
from tests.contracts.helpers import all_pages

_SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[-105.0, 39.7], [-104.9, 39.7], [-104.9, 39.8], [-105.0, 39.8], [-105.0, 39.7]]
    ],
}


async def _with(store: Store, *added: Vendor) -> None:
    for vendor in added:
        await store.vendors.add(vendor)


@pytest.mark.parametrize("vendor", [a_vendor(), vendors.apply("fresh", NOW)], ids=["full", "empty"])
async def test_a_stored_profile_reads_back_equal(store: Store, vendor: Vendor) -> None:
    """A full profile and an empty one read back unchanged."""
    await store.vendors.add(vendor)

    assert await store.vendors.get(vendor.id) == vendor


async def test_an_unknown_vendor_reads_as_none(store: Store) -> None:
    """Looking up a vendor that does not exist returns None."""
    assert await store.vendors.get("nobody") is None


async def test_saving_a_profile_keeps_the_match_count(store: Store) -> None:
    """Saving a profile that was read before a reservation keeps the reservation."""
    read_before = a_vendor(capacity=3)
    await store.vendors.add(read_before)
    await store.vendors.reserve(read_before.id)

    changed = replace(read_before, company="Mile High Drains", capacity=9, service_area=None)
    await store.vendors.save(changed)

    assert await store.vendors.get(changed.id) == replace(changed, open_matches=1)


async def test_everything_about_an_onboarding_reads_back_equal(store: Store) -> None:
    """Hours, pauses, a polygon, a proposal, a claim and a review; and each of them ends."""
    area = service_areas.within(_SQUARE)
    full = a_vendor(
        service_area=area,
        opening_hours=OpeningHours("UTC", {"monday": (Period("08:00", "17:00"),)}),
        holidays=("2040-12-25",),
        pauses=(Pause(NOW, NOW + timedelta(days=1)),),
        requested_steps=("company",),
        proposal=Proposal(NOW, ("roofing",), area, has_documents=True),
        claim=Claim("admin-1", NOW),
        last_review=Review(Outcome.CHANGES_REQUESTED, "Typo.", NOW, ("company",)),
        suspended_for=vendors.DOCUMENTS,
    )
    await store.vendors.add(full)
    read = await store.vendors.get(full.id)
    bare = a_vendor(id=full.id)

    await store.vendors.save(bare)

    assert read == full
    assert await store.vendors.get(full.id) == bare


async def test_what_waits_for_a_review_is_listed_longest_first(store: Store) -> None:
    """Applications by their last change, changes by their submission, and nothing else."""
    applied = [
        a_vendor(state=VendorState.IN_REVIEW, updated_at=NOW + timedelta(minutes=n))
        for n in (4, 0, 2)
    ]
    changed = [a_vendor(proposal=Proposal(NOW + timedelta(minutes=n))) for n in (1, 3)]
    same_moment = [a_vendor(state=VendorState.IN_REVIEW) for _ in range(2)]
    returned = a_vendor(proposal=Proposal(None, ("roofing",)))
    await _with(store, *applied, *changed, *same_moment, returned, a_vendor())

    found: list[Vendor] = []
    while True:
        after = reviews.read_position(reviews.position_of(found[-1]) if found else None)
        page = await store.vendors.awaiting_review(after, 2)
        found += page
        if not page:
            break

    waiting = [*applied, *changed, *same_moment]
    assert found == sorted(waiting, key=lambda vendor: (reviews.waiting_since(vendor), vendor.id))


async def test_vendors_are_paged_newest_first(store: Store) -> None:
    """The pages hold each vendor of the state once, and the last page has no cursor."""
    waiting = [a_vendor(state=VendorState.IN_REVIEW) for _ in range(6)]
    await _with(store, *waiting, a_vendor(), a_vendor(state=VendorState.SUSPENDED))

    in_review = await all_pages(lambda at: store.vendors.of_state(VendorState.IN_REVIEW, at), 3)
    everybody = await all_pages(lambda at: store.vendors.of_state(None, at), 5)

    newest_first = waiting[::-1]
    assert in_review == [newest_first[:3], newest_first[3:]]
    assert [len(page) for page in everybody] == [5, 3]


async def test_closest_returns_the_nearest_first_up_to_its_limit(store: Store) -> None:
    """Of five vendors in reach, the three nearest are returned in order, with their distances."""
    distances_m = (4_000, 1_000, 5_000, 2_000, 3_000)
    await _with(store, *(a_vendor_north(distance) for distance in distances_m))

    found = await store.vendors.closest("plumbing", a_place(), 3)

    assert [nearby.distance_m for nearby in found] == pytest.approx([1_000, 2_000, 3_000], rel=1e-3)


async def test_closest_uses_each_vendors_own_radius(store: Store) -> None:
    """A distant vendor with a wide radius is found; a nearer one with a narrow radius is not."""
    near_but_narrow = a_vendor_north(3_000, radius_m=2_900)
    far_but_wide = a_vendor_north(90_000, radius_m=91_000)
    await _with(store, near_but_narrow, far_but_wide)

    found = await store.vendors.closest("plumbing", a_place(), 10)

    assert [nearby.vendor for nearby in found] == [far_but_wide]


async def test_a_polygon_limits_the_circle_around_it(store: Store) -> None:
    """A place within both is covered; one that only the circle contains is not."""
    vendor = a_vendor(service_area=service_areas.within(_SQUARE))
    await _with(store, vendor)
    inside, corner = a_place(-104.95, 39.72), a_place(-104.95, 39.805)
    assert vendor.service_area is not None
    assert distance_m(vendor.service_area.location, corner) < vendor.service_area.radius_m

    for place, expected in ((inside, {vendor.id}), (corner, set())):
        closest = await store.vendors.closest("plumbing", place, 10)
        assert {nearby.vendor.id for nearby in closest} == expected
        assert await store.vendors.covering("plumbing", place, [vendor.id]) == expected


async def test_a_pausing_vendor_is_not_closest_until_it_is_back(store: Store) -> None:
    """At the moments of a pause, and only there."""
    hour = timedelta(hours=1)
    vendor = a_vendor(pauses=(Pause(NOW, NOW + hour), Pause(NOW + 3 * hour, NOW + 4 * hour)))
    await _with(store, vendor)

    async def found(at: datetime | None) -> bool:
        return bool(await store.vendors.closest("plumbing", a_place(), 10, at=at))

    moments = [NOW - hour, NOW, NOW + hour, NOW + 3.5 * hour, NOW + 4 * hour]
    assert [await found(at) for at in moments] == [True, False, True, False, True]
    assert await found(None)


async def test_the_edge_of_the_radius_is_inside(store: Store) -> None:
    """A place just inside the radius is covered, and one just outside is not."""
    inside, outside = (
        a_vendor_north(9_990, radius_m=10_000),
        a_vendor_north(10_010, radius_m=10_000),
    )
    await _with(store, inside, outside)

    found = await store.vendors.closest("plumbing", a_place(), 10)

    assert [nearby.vendor for nearby in found] == [inside]


async def test_closest_finds_a_vendor_at_the_widest_radius(store: Store) -> None:
    """A vendor with a radius of 500 km is found from 480 km away."""
    wide = a_vendor_north(480_000, radius_m=vendors.MAX_RADIUS_M)
    await _with(store, wide)

    assert [nearby.vendor for nearby in await store.vendors.closest("plumbing", a_place(), 1)] == [
        wide
    ]


async def test_closest_works_across_the_date_line(store: Store) -> None:
    """Places at longitudes 179.9 and −179.9 are neighbours."""
    vendor = a_vendor(service_area=ServiceArea(a_place(179.9, -17.0), 50_000))
    await _with(store, vendor)

    found = await store.vendors.closest("plumbing", a_place(-179.9, -17.0), 1)

    assert [nearby.vendor for nearby in found] == [vendor]
    assert found[0].distance_m == pytest.approx(21_300, rel=0.01)


async def test_closest_requires_the_category(store: Store) -> None:
    """A vendor with the category among several is found; one without it is not."""
    both = a_vendor(categories=("roofing", "plumbing"))
    await _with(store, both, a_vendor(categories=("roofing",)))

    found = await store.vendors.closest("plumbing", a_place(), 10)

    assert [nearby.vendor for nearby in found] == [both]


@pytest.mark.parametrize("state", set(VendorState) - {VendorState.ACTIVE})
async def test_closest_skips_vendors_that_are_not_active(store: Store, state: VendorState) -> None:
    """Only active vendors are offered work."""
    await _with(store, a_vendor(state=state))

    assert await store.vendors.closest("plumbing", a_place(), 10) == []
    assert await store.vendors.nearby(a_place(), 1_000, None, 10) == []


async def test_closest_skips_full_vendors_until_a_match_is_released(store: Store) -> None:
    """A vendor at capacity is not found until a match is released."""
    vendor = a_vendor(capacity=1)
    await _with(store, vendor)

    await store.vendors.reserve(vendor.id)
    assert await store.vendors.closest("plumbing", a_place(), 10) == []

    await store.vendors.release(vendor.id)
    assert [nearby.vendor for nearby in await store.vendors.closest("plumbing", a_place(), 10)] == [
        vendor
    ]


async def test_closest_skips_excluded_vendors(store: Store) -> None:
    """Excluded vendors do not count towards the limit."""
    nearest, next_one = a_vendor_north(100), a_vendor_north(200)
    await _with(store, nearest, next_one)

    found = await store.vendors.closest("plumbing", a_place(), 1, exclude=[nearest.id])

    assert [nearby.vendor for nearby in found] == [next_one]


async def test_closest_fills_its_limit_beyond_vendors_out_of_reach(store: Store) -> None:
    """Nearer vendors whose radius does not reach do not hide a vendor whose radius does."""
    unreachable = [a_vendor_north(2_000 + n, radius_m=500) for n in range(30)]
    fitting = a_vendor_north(5_000)
    await _with(store, *unreachable, fitting)

    found = await store.vendors.closest("plumbing", a_place(), 1)

    assert [nearby.vendor for nearby in found] == [fitting]


async def test_a_vendor_without_a_service_area_is_never_found(store: Store) -> None:
    """A profile without a service area is in neither `closest` nor `nearby`."""
    await _with(store, a_vendor(service_area=None))

    assert await store.vendors.closest("plumbing", a_place(), 10) == []
    assert await store.vendors.nearby(a_place(), 500_000, None, 10) == []


async def test_closest_works_in_a_transaction(store: Store) -> None:
    """Matching finds vendors and reserves them in one transaction."""
    vendor = a_vendor()
    await _with(store, vendor)

    found = await store.transact(lambda to: to.vendors.closest("plumbing", a_place(), 10))

    assert [nearby.vendor for nearby in found] == [vendor]


async def test_covering_returns_the_given_vendors_that_still_fit(store: Store) -> None:
    """Of the vendors given, the active ones of the category in reach are returned, full or not."""
    fitting = [a_vendor_north(n, capacity=1, open_matches=n % 2) for n in range(1, 9)]
    others = [
        a_vendor_north(5_000, radius_m=4_900),
        a_vendor(categories=("roofing",)),
        a_vendor(state=VendorState.SUSPENDED),
        a_vendor(service_area=None),
    ]
    not_asked = a_vendor()
    await _with(store, *fitting, *others, not_asked)
    given = [vendor.id for vendor in fitting + others] + ["unknown"]

    found = await store.vendors.covering("plumbing", a_place(), given)

    assert found == {vendor.id for vendor in fitting}


async def test_covering_no_vendors_returns_none(store: Store) -> None:
    """Asking about no vendors returns none."""
    await _with(store, a_vendor())

    assert await store.vendors.covering("plumbing", a_place(), []) == frozenset()


async def test_nearby_uses_the_callers_radius(store: Store) -> None:
    """The public search finds vendors within the caller's radius, even full ones."""
    narrow = a_vendor_north(1_200, radius_m=100)
    full = a_vendor_north(2_300, capacity=1, open_matches=1)
    await _with(store, full, narrow, a_vendor_north(4_600))

    found = await store.vendors.nearby(a_place(), 3_000, None, 10)

    assert [listing.id for listing in found] == [narrow.id, full.id]
    for listing in found:
        assert listing.distance_m == pytest.approx(distance_m(a_place(), listing.location), abs=1)
    assert (found[0].company, found[0].radius_m) == (narrow.company, 100)
    assert (found[0].categories, found[0].languages) == (narrow.categories, narrow.languages)


async def test_nearby_respects_the_category_and_the_limit(store: Store) -> None:
    """Other categories are left out, and the result never exceeds the limit."""
    roofers = [a_vendor_north(n, categories=("roofing",)) for n in (4_500, 1_200, 2_300)]
    await _with(store, a_vendor(), *roofers)

    found = await store.vendors.nearby(north_of_denver(0), 10_000, "roofing", 2)

    assert [listing.id for listing in found] == [roofers[1].id, roofers[2].id]


async def test_nearby_is_paged_by_distance(store: Store) -> None:
    """Paging by distance returns each vendor once and in order, even many at one grid point."""
    vendors = [a_vendor_north(n % 3) for n in range(12)] + [a_vendor_north(1_200)]
    await _with(store, *vendors)

    seen: list[str] = []
    after_m: float | None = None
    while found := await store.vendors.nearby(a_place(), 5_000, None, 5, after_m):
        seen += [listing.id for listing in found]
        after_m = found[-1].distance_m

    assert sorted(seen) == sorted(vendor.id for vendor in vendors)
    assert seen[-1] == vendors[-1].id


@pytest.mark.parametrize("radius_m", [100, 500, 700, 900, 5_000])
async def test_nearby_does_not_reveal_an_exact_place(store: Store, radius_m: int) -> None:
    """From any search position, vendors around one grid point are found together or not at all."""
    doors = [a_vendor_north(n) for n in (-350, 20, 330)]
    await _with(store, *doors)

    for asked_at in range(-2_000, 2_001, 250):
        found = await store.vendors.nearby(north_of_denver(asked_at), radius_m, None, 10)
        assert len(found) in {0, 3}


async def test_reservations_never_exceed_the_capacity(store: Store) -> None:
    """Of fifty concurrent reservations of seven places, seven succeed."""
    vendor = a_vendor(capacity=7)
    await store.vendors.add(vendor)

    got = await asyncio.gather(*(store.vendors.reserve(vendor.id) for _ in range(50)))

    kept = await store.vendors.get(vendor.id)
    assert got.count(True) == 7
    assert kept is not None
    assert kept.open_matches == 7


async def test_reservations_in_transactions_never_exceed_the_capacity(store: Store) -> None:
    """The capacity also holds when each reservation is part of a transaction."""
    vendor = a_vendor(capacity=3)
    await store.vendors.add(vendor)

    got = await asyncio.gather(
        *(store.transact(lambda to: to.vendors.reserve(vendor.id)) for _ in range(12))
    )

    kept = await store.vendors.get(vendor.id)
    assert got.count(True) == 3
    assert kept is not None
    assert kept.open_matches == 3


@pytest.mark.parametrize("vendor", [a_vendor(state=VendorState.SUSPENDED), a_vendor(capacity=0)])
async def test_an_inactive_or_full_vendor_cannot_be_reserved(store: Store, vendor: Vendor) -> None:
    """A reservation of an inactive, full or unknown vendor is refused, not queued."""
    await store.vendors.add(vendor)

    assert not await store.vendors.reserve(vendor.id)
    assert not await store.vendors.reserve("nobody")


async def test_reservations_and_releases_balance(store: Store) -> None:
    """Releases undo reservations, and the count never falls below 0."""
    vendor = a_vendor(capacity=20)
    await store.vendors.add(vendor)

    await asyncio.gather(*(store.vendors.reserve(vendor.id) for _ in range(20)))
    await asyncio.gather(*(store.vendors.release(vendor.id) for _ in range(25)))

    assert await store.vendors.get(vendor.id) == vendor


async def test_suspended_vendors_are_found_among_many(store: Store) -> None:
    """One query returns the suspended vendors; unknown vendors do not count as suspended."""
    active, suspended, other = (
        a_vendor(),
        a_vendor(state=VendorState.SUSPENDED),
        a_vendor(state=VendorState.SUSPENDED),
    )
    await _with(store, active, suspended, other)

    found = await store.vendors.suspended([active.id, suspended.id, "nobody"])

    assert found == {suspended.id}
    assert await store.vendors.suspended([]) == frozenset()


async def test_a_deleted_vendor_is_neither_found_nor_reserved(store: Store) -> None:
    """Releasing a match of a deleted vendor is no error."""
    vendor = a_vendor(open_matches=1)
    await _with(store, vendor)

    await store.transact(lambda tx: tx.vendors.delete(vendor.id))

    assert await store.vendors.get(vendor.id) is None
    assert not await store.vendors.reserve(vendor.id)
    await store.vendors.release(vendor.id)
    assert await store.vendors.closest("plumbing", a_place(), 5) == []
