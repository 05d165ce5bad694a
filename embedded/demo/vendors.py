"""The active vendors: location, trade, reach. They are the same every time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from embedded.demo import names
from embedded.demo.cities import City, cities, moved, shares
from marketplace.domain.accounts import Account, Role
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.vendors import ServiceArea, Vendor, VendorState

_SEED = 20_240_501
_FIRST_JOINED_AT = datetime(2023, 1, 9, 8, tzinfo=UTC)
_LAST_JOINED_AFTER_S = 600 * 86_400
_LEAST_RADIUS_M, _MOST_RADIUS_M = 10_000, 120_000
_MEDIAN_RADIUS_M = 28_000
_MOST_CAPACITY = 20

# Trades that a company may also offer besides its first.
_ALSO = {
    "catering": ("event_photography", "cleaning"),
    "cleaning": ("painting", "landscaping", "moving"),
    "electrical": ("hvac", "plumbing"),
    "event_photography": ("catering",),
    "hvac": ("plumbing", "electrical"),
    "landscaping": ("cleaning", "roofing", "painting"),
    "moving": ("cleaning", "painting"),
    "painting": ("roofing", "cleaning"),
    "plumbing": ("hvac", "electrical"),
    "roofing": ("painting", "landscaping"),
}
_SPANISH_SPEAKING = frozenset({"AZ", "CA", "CO", "FL", "IL", "NJ", "NM", "NV", "NY", "TX"})
_OTHER_LANGUAGES = ("zh", "vi", "ko", "tl", "ar", "fr", "pl", "ru", "hi", "pt", "de", "ht")
_HOURS: tuple[dict[str, str | bool], ...] = (
    {"mon_fri": "08:00-17:00"},
    {"mon_fri": "07:00-16:00", "sat": "08:00-12:00"},
    {"mon_fri": "09:00-18:00", "sat": "10:00-14:00"},
    {"mon_sat": "07:30-19:00"},
    {"mon_sun": "06:00-22:00", "emergencies": True},
)

# Area codes except the special ones (N11, N9X, toll-free 8XX, 500, 555, 700, 900) and Denver's,
# which belong to the people of the demonstration.
_AREA_CODES = tuple(
    code
    for code in range(201, 990)
    if code % 100 != 11
    and code // 10 % 10 != 9
    and code not in {303, 500, 555, 700, 720, 800, 822, 833, 844, 855, 866, 877, 880, 888, 900}
)
MOST_VENDORS = len(_AREA_CODES) * 100


@dataclass(frozen=True, slots=True)
class DemoVendor:
    """A vendor with its account, and the city it belongs to."""

    account: Account
    vendor: Vendor
    city: City


def demo_vendors(count: int, password_hash: str) -> Iterator[DemoVendor]:
    """Active vendors spread over the cities by population, in the order in which they joined.

    Raises:
        ValueError: there are not enough fictitious phone numbers.
    """
    if count > MOST_VENDORS:
        raise ValueError(f"there are telephone numbers for {MOST_VENDORS} vendors")
    random = Random(_SEED)
    places = cities()
    homes = [
        city for city, share in zip(places, shares(places, count), strict=True)
        for _ in range(share)
    ]  # fmt: skip
    random.shuffle(homes)
    step_s = _LAST_JOINED_AFTER_S / max(1, count)
    for number, city in enumerate(homes):
        joined_at = _FIRST_JOINED_AT + timedelta(seconds=round(number * step_s))
        yield _demo_vendor(random, number, city, joined_at, password_hash)


def fixed_id(random: Random, at: datetime) -> str:
    """An id that `new_id` could have made at that time, but the same in every run."""
    milliseconds = int(at.timestamp() * 1_000)
    version_7 = 0x7 << 76 | 0b10 << 62 | random.getrandbits(12) << 64 | random.getrandbits(62)
    return UUID(int=milliseconds << 80 | version_7).hex


def _demo_vendor(
    random: Random, number: int, city: City, joined_at: datetime, password_hash: str
) -> DemoVendor:
    vendor_id = fixed_id(random, joined_at)
    account = Account(
        id=vendor_id,
        role=Role.VENDOR,
        email=f"v{number + 1:05}@vendors.demo.parley.example",
        password_hash=password_hash,
        name=names.person(random),
        phone=f"+1{_AREA_CODES[number // 100]}55501{number % 100:02}",
        locale="en-US",
        timezone=city.timezone,
        created_at=joined_at,
    )
    categories = _categories(random)
    vendor = Vendor(
        id=vendor_id,
        state=VendorState.ACTIVE,
        state_reason=None,
        company=names.company(random, categories[0], city.name),
        categories=categories,
        service_area=ServiceArea(_place(random, city), _radius_m(random)),
        hours=dict(random.choice(_HOURS)),
        capacity=min(_MOST_CAPACITY, 1 + int(random.expovariate(1 / 5))),
        open_matches=0,
        languages=_languages(random, city),
        created_at=joined_at,
        updated_at=joined_at,
    )
    return DemoVendor(account, vendor, city)


def _categories(random: Random) -> tuple[str, ...]:
    first = random.choice(tuple(CATEGORIES))
    also = _ALSO[first]
    count = min(len(also), random.choices((0, 1, 2), weights=(50, 35, 15))[0])
    return (first, *random.sample(also, count))


def _place(random: Random, city: City) -> dict[str, Any]:
    """A point that is denser towards the centre, and never outside the built-up area."""
    while True:
        east_m = random.gauss(0, city.radius_m / 2)
        north_m = random.gauss(0, city.radius_m / 2)
        if math.hypot(east_m, north_m) <= city.radius_m:
            return moved(city, east_m, north_m)


def _radius_m(random: Random) -> int:
    """Log-normal: 30 km for most, much more for a few; in whole kilometres, as people state it."""
    radius_m = random.lognormvariate(math.log(_MEDIAN_RADIUS_M), 0.6)
    return round(min(max(radius_m, _LEAST_RADIUS_M), _MOST_RADIUS_M) / 1_000) * 1_000


def _languages(random: Random, city: City) -> tuple[str, ...]:
    languages = ["en"]
    if random.random() < (0.4 if city.state in _SPANISH_SPEAKING else 0.1):
        languages.append("es")
    if random.random() < 0.08:
        languages.append(random.choice(_OTHER_LANGUAGES))
    return tuple(languages)
