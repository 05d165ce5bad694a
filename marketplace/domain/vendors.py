"""Vendors: the profile, and what of it a review must approve.

Fields with a default may be missing in documents of the previous version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.opening_hours import OpeningHours, Pause
from marketplace.domain.vendor_reviews import STEPS_OF_PROFILE, Claim, Outcome, Review, Step
from marketplace.errors import Code, ParleyError, invalid

MAX_CAPACITY = 1_000
MAX_PICTURES = 12
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
    """Where a vendor works: a GeoJSON point and a radius in metres around it.

    With a polygon, the vendor works within the polygon only, and the circle contains it.
    """

    location: dict[str, Any]
    radius_m: int
    polygon: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Material changes of an approved profile; the profile stays in force until they are approved.

    A field is None if it does not change. `has_documents` says that there are documents that nobody
    has checked. `submitted_at` is None after the reviewer has asked for changes.
    """

    submitted_at: datetime | None
    categories: tuple[str, ...] | None = None
    service_area: ServiceArea | None = None
    has_documents: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to review."""
        return self.categories is None and self.service_area is None and not self.has_documents


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's profile; `id` is the account's id.

    `open_matches` counts the offered and accepted matches on open RFIs; it never exceeds
    `capacity`, the number of RFIs that the vendor works on at a time.

    `holidays` are dates (`2026-12-25`), `picture_ids` attachments. `requested_steps` are those that the reviewer asked for and
    the vendor has not done since. `suspended_for` is `DOCUMENTS`, or None if an admin suspended it.
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
    opening_hours: OpeningHours | None = None
    holidays: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    picture_ids: tuple[str, ...] = ()
    requested_steps: tuple[str, ...] = ()
    proposal: Proposal | None = None
    claim: Claim | None = None
    last_review: Review | None = None
    suspended_for: str | None = None


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


# `suspended_for`: a required document has expired.
DOCUMENTS = "documents"
# Decision → (state before, state after, event).
DECISIONS: Mapping[str, tuple[VendorState, VendorState, str]] = {
    "suspend": (VendorState.ACTIVE, VendorState.SUSPENDED, "vendor.suspended"),
    "reinstate": (VendorState.SUSPENDED, VendorState.ACTIVE, "vendor.reinstated"),
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


def update_profile(vendor: Vendor, profile: Mapping[str, Any], now: datetime) -> Vendor:
    """The vendor with the given profile fields replaced; the others are kept.

    An active vendor's approved fields become a proposal instead, which a review decides about.

    Raises:
        ParleyError: `forbidden` while the vendor is suspended; `wrong_state` while the profile is
            under review, after a rejection, and for approved fields while an admin reviews the
            proposal; `validation_failed` if `capacity` falls below the number of open matches.
    """
    require_not_suspended(vendor)
    require_editable(vendor)
    if profile.get("capacity", vendor.open_matches) < vendor.open_matches:
        raise invalid(
            "capacity", f"Must not be less than {vendor.open_matches}, the number of open matches."
        )
    fields = dict(profile)
    changed = _with_steps_done(vendor, (STEPS_OF_PROFILE.get(name) for name in profile))
    if vendor.state is VendorState.ACTIVE:
        material = {name: fields.pop(name) for name in APPROVED_FIELDS if name in fields}
        proposed: dict[str, Any] = {
            name: value if _differs(getattr(vendor, name), value) else None
            for name, value in material.items()
        }
        proposal = replace(vendor.proposal or Proposal(None), **proposed)
        changed = _proposed(vendor, changed, proposal, now)
    return replace(changed, **fields, updated_at=now)


def add_document(vendor: Vendor, now: datetime) -> Vendor:
    """The vendor after it has added a document; an approved one's documents are then reviewed.

    A vendor that is suspended because a document has expired may add another.

    Raises:
        ParleyError: `forbidden` while an admin has suspended the vendor; `wrong_state` while the
            vendor or its proposal is under review, and after a rejection.
    """
    if vendor.suspended_for != DOCUMENTS:
        require_not_suspended(vendor)
    require_editable(vendor)
    changed = _with_steps_done(vendor, [Step.DOCUMENTS])
    if _is_approved(vendor):
        proposal = replace(vendor.proposal or Proposal(None), has_documents=True)
        _require_unclaimed(vendor, now)
        changed = propose(changed, proposal, now)
    return replace(changed, updated_at=now)


def remove_document(vendor: Vendor, now: datetime, *, has_unchecked: bool) -> Vendor:
    """The vendor after it has removed a document; `has_unchecked` says whether others are left.

    Raises:
        ParleyError: as `add_document`.
    """
    if vendor.suspended_for != DOCUMENTS:
        require_not_suspended(vendor)
    require_editable(vendor)
    if vendor.proposal is not None and vendor.proposal.has_documents != has_unchecked:
        _require_unclaimed(vendor, now)
        proposal = replace(vendor.proposal, has_documents=has_unchecked)
        vendor = propose(vendor, proposal, now)
    return replace(vendor, updated_at=now)


def require_editable(vendor: Vendor) -> None:
    """Refuse changes while an application is under review, and after its rejection.

    Raises:
        ParleyError: `wrong_state`.
    """
    if vendor.state in {VendorState.IN_REVIEW, VendorState.REJECTED}:
        raise ParleyError(
            Code.WRONG_STATE, f"The profile cannot be changed while it is {vendor.state}."
        )


def propose(vendor: Vendor, proposal: Proposal, now: datetime) -> Vendor:
    """The vendor with another proposal: it waits for a review once no requested step is left."""
    if proposal.is_empty:
        return replace(vendor, proposal=None, requested_steps=(), claim=None)
    submitted_at = None if vendor.requested_steps else now
    return replace(vendor, proposal=replace(proposal, submitted_at=submitted_at), claim=None)


def has_claim(vendor: Vendor, now: datetime) -> bool:
    """Whether an admin holds the review."""
    return vendor.claim is not None and vendor.claim.until > now


def _proposed(before: Vendor, after: Vendor, proposal: Proposal, now: datetime) -> Vendor:
    """`after` with the proposal, if that is another one, or the last requested step is done."""
    has_answered = bool(before.requested_steps) and not after.requested_steps
    if proposal == (before.proposal or Proposal(None)) and not has_answered:
        return after
    _require_unclaimed(before, now)
    return propose(after, proposal, now)


def _with_steps_done(vendor: Vendor, done: Iterable[Step | None]) -> Vendor:
    steps = set(done)
    left = tuple(step for step in vendor.requested_steps if step not in steps)
    return replace(vendor, requested_steps=left)


def _is_approved(vendor: Vendor) -> bool:
    return vendor.state in {VendorState.ACTIVE, VendorState.SUSPENDED}


def _require_unclaimed(vendor: Vendor, now: datetime) -> None:
    if vendor.proposal is not None and has_claim(vendor, now):
        raise ParleyError(
            Code.WRONG_STATE,
            "An admin is reviewing your changes. Wait for the decision, or try again in half an hour.",
        )


def _differs(old: Any, new: Any) -> bool:
    """Whether a field's value changes; the order of categories does not matter."""
    return set(old) != set(new) if isinstance(old, tuple) else bool(old != new)


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
    """The vendor suspended or reinstated by an admin; `decision` is one of `DECISIONS`.

    Raises:
        ParleyError: `wrong_state` if the decision does not apply to the vendor's state.
    """
    before, after, _ = DECISIONS[decision]
    if vendor.state is not before:
        raise ParleyError(Code.WRONG_STATE, f"Cannot {decision} a vendor that is {vendor.state}.")
    outcome = Outcome.SUSPENDED if decision == "suspend" else Outcome.REINSTATED
    return replace(
        vendor,
        state=after,
        state_reason=reason,
        suspended_for=None,
        last_review=Review(outcome, reason, now),
        updated_at=now,
    )
