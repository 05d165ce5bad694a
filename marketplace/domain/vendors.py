"""Vendors: the profile, and the onboarding from applied to active."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.errors import Code, FieldError, ParleyError, invalid

MAX_CAPACITY = 1_000
MIN_RADIUS_M, MAX_RADIUS_M = 100, 500_000
# The approval covers these fields: they decide which RFIs a vendor is offered.
APPROVED_FIELDS = ("categories", "service_area")


class VendorState(StrEnum):
    """Where a vendor is in its onboarding; only `active` vendors are matched."""

    APPLIED = "applied"
    VERIFYING = "verifying"
    IN_REVIEW = "in_review"
    ACTIVE = "active"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class ServiceArea:
    """Where a vendor works: a GeoJSON point and a radius in metres around it."""

    location: dict[str, Any]
    radius_m: int


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's profile; `id` is the account's id.

    `open_matches` counts the offered and accepted matches on open RFIs; it never exceeds
    `capacity`, the number of RFIs that the vendor works on at a time.
    """

    id: str
    state: VendorState
    state_reason: str | None
    company: str | None
    categories: tuple[str, ...]
    service_area: ServiceArea | None
    hours: dict[str, Any] | None
    capacity: int
    open_matches: int
    languages: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NearbyVendor:
    """A vendor and its distance in metres from the requested place."""

    vendor: Vendor
    distance_m: int


@dataclass(frozen=True, slots=True)
class ListedVendor:
    """A vendor as the directory lists it; its distance is to its place in the directory."""

    id: str
    company: str | None
    categories: tuple[str, ...]
    location: dict[str, Any]
    radius_m: int
    hours: dict[str, Any] | None
    languages: tuple[str, ...]
    distance_m: float


# Decision → (allowed states before, state after, event).
DECISIONS: Mapping[str, tuple[frozenset[VendorState], VendorState, str]] = {
    "approve": (frozenset({VendorState.IN_REVIEW}), VendorState.ACTIVE, "vendor.approved"),
    "reject": (frozenset({VendorState.IN_REVIEW}), VendorState.REJECTED, "vendor.rejected"),
    "suspend": (frozenset({VendorState.ACTIVE}), VendorState.SUSPENDED, "vendor.suspended"),
    "reinstate": (frozenset({VendorState.SUSPENDED}), VendorState.ACTIVE, "vendor.reinstated"),
}


def apply(vendor_id: str, now: datetime) -> Vendor:
    """A new vendor with an empty profile."""
    return Vendor(
        id=vendor_id,
        state=VendorState.APPLIED,
        state_reason=None,
        company=None,
        categories=(),
        service_area=None,
        hours=None,
        capacity=0,
        open_matches=0,
        languages=(),
        created_at=now,
        updated_at=now,
    )


def steps(vendor: Vendor) -> dict[str, list[str]]:
    """Which onboarding steps are done and which are left, by the profile's field names."""
    is_done = {
        "company": vendor.company is not None,
        "categories": bool(vendor.categories),
        "service_area": vendor.service_area is not None,
        "capacity": vendor.capacity > 0,
    }
    return {
        "done": [step for step, done in is_done.items() if done],
        "to_do": [step for step, done in is_done.items() if not done],
    }


def update_profile(vendor: Vendor, profile: Mapping[str, Any], now: datetime) -> Vendor:
    """The vendor with the given profile fields replaced; the others are kept.

    Raises:
        ParleyError: `forbidden` while the vendor is suspended; `wrong_state` while the profile is
            under review, after a rejection, and for a change to approved fields;
            `validation_failed` if `capacity` falls below the number of open matches.
    """
    require_not_suspended(vendor)
    if vendor.state in {VendorState.IN_REVIEW, VendorState.REJECTED}:
        raise ParleyError(
            Code.WRONG_STATE, f"The profile cannot be changed while it is {vendor.state}."
        )
    if profile.get("capacity", vendor.open_matches) < vendor.open_matches:
        raise invalid(
            "capacity", f"Must not be less than {vendor.open_matches}, the number of open matches."
        )
    _require_approved_kept(vendor, profile)
    return replace(vendor, **profile, updated_at=now)


def _require_approved_kept(vendor: Vendor, profile: Mapping[str, Any]) -> None:
    changed = [
        name
        for name in APPROVED_FIELDS
        if name in profile and _differs(getattr(vendor, name), profile[name])
    ]
    if changed and vendor.state is VendorState.ACTIVE:
        raise ParleyError(
            Code.WRONG_STATE,
            f"Approved fields cannot be changed without a review ({', '.join(changed)}). "
            "Ask support to change them.",
            errors=[FieldError(name, "Approved; only support can change it.") for name in changed],
        )


def _differs(old: Any, new: Any) -> bool:
    """Whether a field's value changes; the order of categories does not matter."""
    return set(old) != set(new) if isinstance(old, tuple) else bool(old != new)


def submit(vendor: Vendor, now: datetime) -> Vendor:
    """The vendor submitted for review.

    Raises:
        ParleyError: `wrong_state` if it was already submitted, or if steps are left.
    """
    if vendor.state not in {VendorState.APPLIED, VendorState.VERIFYING}:
        raise ParleyError(Code.WRONG_STATE, f"The vendor is already {vendor.state}.")
    to_do = steps(vendor)["to_do"]
    if to_do:
        raise ParleyError(Code.WRONG_STATE, f"Steps still to complete: {', '.join(to_do)}.")
    return replace(vendor, state=VendorState.IN_REVIEW, updated_at=now)


def require_not_suspended(vendor: Vendor | None) -> None:
    """Refuse a suspended vendor.

    Raises:
        ParleyError: `forbidden`.
    """
    if vendor is not None and vendor.state is VendorState.SUSPENDED:
        raise ParleyError(
            Code.FORBIDDEN, "This vendor is suspended; its profile states the reason."
        )


def decide(vendor: Vendor, decision: str, reason: str, now: datetime) -> Vendor:
    """The vendor after an admin's decision, one of `DECISIONS`.

    Raises:
        ParleyError: `wrong_state` if the decision does not apply to the vendor's state.
    """
    allowed, after, _ = DECISIONS[decision]
    if vendor.state not in allowed:
        raise ParleyError(Code.WRONG_STATE, f"Cannot {decision} a vendor that is {vendor.state}.")
    return replace(vendor, state=after, state_reason=reason, updated_at=now)
