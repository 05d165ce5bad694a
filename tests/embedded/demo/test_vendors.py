"""The active demo vendors: plausible, distributed like the population, always the same."""

import math
import re
from collections import Counter
from itertools import islice

import pytest

from embedded.demo.cities import METRES_PER_DEGREE, cities, shares
from embedded.demo.vendors import MOST_VENDORS, DemoVendor, demo_vendors
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.vendors import VendorState


@pytest.fixture(scope="module")
def vendors() -> list[DemoVendor]:
    """All of them."""
    return list(demo_vendors(25_000, "hash"))


def test_every_city_has_its_share(vendors: list[DemoVendor]) -> None:
    """Vendors are proportional to the population, so larger cities have no fewer than smaller ones."""
    places = cities()

    counts = Counter(demo.city for demo in vendors)

    assert [counts[city] for city in places] == shares(places, 25_000)
    by_size = [counts[city] for city in places]
    assert all(by_size[i] >= by_size[i + 1] - 1 for i in range(len(by_size) - 1))
    assert min(by_size) >= 1


def test_each_vendor_is_within_its_city(vendors: list[DemoVendor]) -> None:
    """No vendor is farther from the centre than the built-up area extends."""
    for demo in vendors:
        assert demo.vendor.service_area is not None
        longitude, latitude = demo.vendor.service_area.location["coordinates"]
        north_m = (latitude - demo.city.latitude) * METRES_PER_DEGREE
        width = math.cos(math.radians(demo.city.latitude))
        east_m = (longitude - demo.city.longitude) * METRES_PER_DEGREE * width
        assert math.hypot(north_m, east_m) <= demo.city.radius_m + 1


def test_profiles_are_complete_and_within_bounds(vendors: list[DemoVendor]) -> None:
    """One to three known categories, 10 to 120 km, 1 to 20 places, hours, a name, a language."""
    for demo in vendors:
        vendor = demo.vendor
        assert vendor.state is VendorState.ACTIVE
        assert 1 <= len(set(vendor.categories)) == len(vendor.categories) <= 3
        assert set(vendor.categories) <= CATEGORIES.keys()
        assert vendor.service_area is not None
        assert 10_000 <= vendor.service_area.radius_m <= 120_000
        assert 1 <= vendor.capacity <= 20
        assert vendor.open_matches == 0
        assert vendor.company
        assert vendor.hours
        assert vendor.languages[0] == "en"


def test_radii_and_capacities_are_distributed_realistically(vendors: list[DemoVendor]) -> None:
    """Most vendors cover some 30 km and a few much more; most are small and a few large."""
    radii_m = sorted(
        demo.vendor.service_area.radius_m for demo in vendors if demo.vendor.service_area
    )
    capacities = sorted(demo.vendor.capacity for demo in vendors)

    half, tenth, last_tenth = len(vendors) // 2, len(vendors) // 10, len(vendors) * 9 // 10
    assert 24_000 <= radii_m[half] <= 32_000
    assert radii_m[tenth] <= 15_000
    assert radii_m[last_tenth] >= 50_000
    assert capacities[half] <= 5
    assert capacities[last_tenth] >= 9


def test_accounts_are_unique_and_have_fictitious_numbers(vendors: list[DemoVendor]) -> None:
    """Ids, addresses and numbers occur once; the numbers are the fictitious 555-01XX."""
    accounts = [demo.account for demo in vendors]

    assert accounts[0].email == "v00001@vendors.demo.parley.example"
    for values in (
        {a.id for a in accounts},
        {a.email for a in accounts},
        {a.phone for a in accounts},
    ):
        assert len(values) == len(accounts)
    number = re.compile(r"\+1[2-9]\d{2}55501\d{2}")
    assert all(account.phone and number.fullmatch(account.phone) for account in accounts)
    assert all(demo.account.id == demo.vendor.id for demo in vendors)


def test_ids_are_in_order_of_registration(vendors: list[DemoVendor]) -> None:
    """Lists that show the newest first are therefore right."""
    ids = [demo.vendor.id for demo in vendors]

    assert ids == sorted(ids)
    joined_at = [demo.vendor.created_at for demo in vendors]
    assert joined_at == sorted(joined_at)


def test_generated_vendors_are_the_same_every_time(vendors: list[DemoVendor]) -> None:
    """An interrupted load finds what it has already written."""
    assert list(islice(demo_vendors(25_000, "hash"), 500)) == vendors[:500]


def test_more_vendors_than_fictitious_numbers_are_refused() -> None:
    """More vendors than there are fictitious telephone numbers are refused."""
    with pytest.raises(ValueError, match="telephone numbers"):
        next(demo_vendors(MOST_VENDORS + 1, "hash"))
