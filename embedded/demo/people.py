"""Log-ins to try things with: a customer, a vendor and an admin; and four more customers."""

from datetime import UTC, datetime
from random import Random

from embedded.demo.vendors import fixed_id
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.categories import CATEGORIES
from marketplace.domain.vendors import MAX_CAPACITY, ServiceArea, Vendor, VendorState

PASSWORD = "parley-demo"  # noqa: S105 # public: these accounts exist in a demonstration only
_CUSTOMER_EMAIL = "customer@demo.parley.example"
_VENDOR_EMAIL = "vendor@demo.parley.example"
_ADMIN_EMAIL = "admin@demo.parley.example"
LOGINS = (
    ("customer", _CUSTOMER_EMAIL, PASSWORD),
    ("vendor", _VENDOR_EMAIL, PASSWORD),
    ("admin", _ADMIN_EMAIL, PASSWORD),
)

DENVER_CIVIC_CENTER = (-104.9903, 39.7392)
_RADIUS_M = 80_000  # to Boulder, Longmont and Castle Rock
_JOINED_AT = datetime(2025, 3, 3, 16, 20, tzinfo=UTC)
_DENVER, _CHICAGO, _SEATTLE = "America/Denver", "America/Chicago", "America/Los_Angeles"
# Short name in the stories, role, email, name, phone (fictitious: 555-01XX), time zone.
_PEOPLE = (
    ("carla", Role.CUSTOMER, _CUSTOMER_EMAIL, "Carla Reyes", "+13035550142", _DENVER),
    ("vendor", Role.VENDOR, _VENDOR_EMAIL, "Ben Whitaker", "+13035550143", _DENVER),
    ("admin", Role.ADMIN, _ADMIN_EMAIL, "Noor Haddad", None, _DENVER),
    ("maya", Role.CUSTOMER, "maya@demo.parley.example", "Maya Lindqvist", "+17205550144", _DENVER),
    ("luis", Role.CUSTOMER, "luis@demo.parley.example", "Luis Ortega", "+13035550145", _DENVER),
    ("tom", Role.CUSTOMER, "tom@demo.parley.example", "Tom Baranski", "+17205550146", _CHICAGO),
    ("priya", Role.CUSTOMER, "priya@demo.parley.example", "Priya Nair", "+17205550147", _SEATTLE),
)


def accounts(password_hash: str) -> dict[str, Account]:
    """The accounts by their short names; the same ids every time."""
    random = Random(_RADIUS_M)
    return {
        short: Account(
            id=fixed_id(random, _JOINED_AT),
            role=role,
            email=email,
            password_hash=password_hash,
            name=name,
            phone=phone,
            locale="en-US",
            timezone=timezone,
            created_at=_JOINED_AT,
        )
        for short, role, email, name, phone, timezone in _PEOPLE
    }


def actors() -> dict[str, Actor]:
    """The actors of these accounts, by short name."""
    return {short: Actor(account.id, account.role) for short, account in accounts("").items()}


def demo_vendor(account: Account) -> Vendor:
    """The vendor to log in as: in the middle of Denver, does everything, and has spare capacity.

    So it is among the closest vendors for anything requested there.
    """
    location = {"type": "Point", "coordinates": list(DENVER_CIVIC_CENTER)}
    return Vendor(
        id=account.id,
        state=VendorState.ACTIVE,
        state_reason=None,
        company="Mile High Home & Events",
        categories=tuple(CATEGORIES),
        service_area=ServiceArea(location, _RADIUS_M),
        hours={"mon_fri": "07:00-18:00", "sat": "08:00-14:00", "emergencies": True},
        capacity=MAX_CAPACITY,
        open_matches=0,
        languages=("en", "es"),
        created_at=_JOINED_AT,
        updated_at=_JOINED_AT,
    )
