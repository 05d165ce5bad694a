"""Vendors' onboarding and profiles."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from marketplace.domain import vendors
from marketplace.domain.vendors import DECISIONS, ServiceArea, Vendor, VendorState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_place, a_vendor

LATER = NOW + timedelta(hours=1)
PROFILE = {
    "company": "Front Range Plumbing",
    "categories": ("plumbing",),
    "service_area": ServiceArea(a_place(), 20_000),
    "capacity": 3,
}


def test_a_new_vendor_has_applied_and_has_every_step_left() -> None:
    """A new vendor cannot be offered anything: no capacity, no service area, not active."""
    vendor = vendors.apply("v1", NOW)

    assert vendor.state is VendorState.APPLIED
    assert (vendor.capacity, vendor.open_matches) == (0, 0)
    assert vendors.steps(vendor) == {
        "done": [],
        "to_do": ["company", "categories", "service_area", "capacity"],
    }


@pytest.mark.parametrize("step", PROFILE)
def test_a_step_is_done_when_its_field_is_filled(step: str) -> None:
    """The steps can be done one by one, in any order."""
    vendor = vendors.update_profile(vendors.apply("v1", NOW), {step: PROFILE[step]}, LATER)

    assert vendors.steps(vendor)["done"] == [step]
    assert step not in vendors.steps(vendor)["to_do"]
    assert vendor.updated_at == LATER


def test_a_complete_profile_can_be_submitted() -> None:
    """Submitting a complete profile puts it in review."""
    vendor = vendors.update_profile(vendors.apply("v1", NOW), PROFILE, NOW)

    assert vendors.submit(vendor, LATER).state is VendorState.IN_REVIEW


@pytest.mark.parametrize("missing", PROFILE)
def test_an_incomplete_profile_cannot_be_submitted(missing: str) -> None:
    """The refusal names the missing steps."""
    partial = {name: value for name, value in PROFILE.items() if name != missing}
    vendor = vendors.update_profile(vendors.apply("v1", NOW), partial, NOW)

    with pytest.raises(ParleyError, match=missing) as refused:
        vendors.submit(vendor, LATER)

    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("state", set(VendorState) - {VendorState.APPLIED, VendorState.VERIFYING})
def test_a_profile_is_submitted_once(state: VendorState) -> None:
    """A profile that is in review or past it cannot be submitted again."""
    with pytest.raises(ParleyError) as refused:
        vendors.submit(a_vendor(state=state), LATER)

    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("state", VendorState)
def test_a_profile_in_review_or_rejected_cannot_be_edited(state: VendorState) -> None:
    """A profile in review, rejected or suspended cannot be edited; others can."""
    vendor = a_vendor(state=state)
    refusals = {
        VendorState.IN_REVIEW: Code.WRONG_STATE,
        VendorState.REJECTED: Code.WRONG_STATE,
        VendorState.SUSPENDED: Code.FORBIDDEN,
    }

    if state in refusals:
        with pytest.raises(ParleyError) as refused:
            vendors.update_profile(vendor, {"company": "Other"}, LATER)
        assert refused.value.code is refusals[state]
    else:
        changed = vendors.update_profile(vendor, {"company": "Other"}, LATER)
        assert (changed.company, changed.categories) == ("Other", vendor.categories)


MOVED = ServiceArea(a_place(-105.0), 20_000)
WIDER = ServiceArea(a_place(), 21_000)


@pytest.mark.parametrize(
    ("profile", "path"),
    [
        ({"categories": ("plumbing", "roofing")}, "categories"),
        ({"categories": ("roofing",)}, "categories"),
        ({"service_area": MOVED}, "service_area"),
        ({"service_area": WIDER}, "service_area"),
    ],
)
def test_approved_fields_cannot_be_edited(profile: dict[str, Any], path: str) -> None:
    """After approval, a vendor can no longer edit its categories and service area."""
    with pytest.raises(ParleyError) as refused:
        vendors.update_profile(a_vendor(), profile, LATER)
    applied = vendors.update_profile(a_vendor(state=VendorState.APPLIED), profile, LATER)

    assert refused.value.code is Code.WRONG_STATE
    assert [error.path for error in refused.value.errors] == [path]
    assert "support" in refused.value.message
    assert getattr(applied, path) == profile[path]


def test_other_fields_of_an_approved_profile_can_be_edited() -> None:
    """Other fields can change, even in an edit that repeats the approved ones."""
    vendor = a_vendor(categories=("plumbing", "roofing"))
    profile = {
        "company": "Cedar Plumbing",
        "hours": None,
        "capacity": 9,
        "languages": ("es",),
        "categories": ("roofing", "plumbing"),
        "service_area": ServiceArea(a_place(), 20_000),
    }

    changed = vendors.update_profile(vendor, profile, LATER)

    assert (changed.company, changed.capacity, changed.hours) == ("Cedar Plumbing", 9, None)


ALLOWED = {
    ("approve", VendorState.IN_REVIEW): VendorState.ACTIVE,
    ("reject", VendorState.IN_REVIEW): VendorState.REJECTED,
    ("suspend", VendorState.ACTIVE): VendorState.SUSPENDED,
    ("reinstate", VendorState.SUSPENDED): VendorState.ACTIVE,
}


@pytest.mark.parametrize(("decision", "state"), list(product(DECISIONS, VendorState)))
def test_a_decision_applies_only_in_its_own_state(decision: str, state: VendorState) -> None:
    """An admin cannot skip the review or decide twice."""
    vendor = a_vendor(state=state)

    if (decision, state) in ALLOWED:
        decided = vendors.decide(vendor, decision, "because", LATER)
        assert decided.state is ALLOWED[decision, state]
        assert (decided.state_reason, decided.updated_at) == ("because", LATER)
    else:
        with pytest.raises(ParleyError) as refused:
            vendors.decide(vendor, decision, "because", LATER)
        assert refused.value.code is Code.WRONG_STATE


def test_rules_keep_the_match_count() -> None:
    """Only reservations and releases change the count of open matches."""
    vendor: Vendor = a_vendor(open_matches=2)

    suspended = vendors.decide(vendor, "suspend", "because", LATER)

    assert suspended.open_matches == 2
