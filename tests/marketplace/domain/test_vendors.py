"""Vendors' onboarding and profiles."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from marketplace.domain import vendors
from marketplace.domain.vendor_reviews import Claim, Outcome, Review
from marketplace.domain.vendors import DECISIONS, Proposal, ServiceArea, Vendor, VendorState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_place, a_vendor

LATER = NOW + timedelta(hours=1)


def test_a_new_vendor_has_applied() -> None:
    """A new vendor cannot be offered anything: no capacity, no service area, not active."""
    vendor = vendors.apply("v1", NOW)

    assert vendor.state is VendorState.APPLIED
    assert (vendor.capacity, vendor.open_matches) == (0, 0)


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
    ("name", "value"),
    [
        ("categories", ("plumbing", "roofing")),
        ("categories", ("roofing",)),
        ("service_area", MOVED),
        ("service_area", WIDER),
    ],
)
def test_approved_fields_become_a_proposal(name: str, value: Any) -> None:
    """The approved values stay in force; before the approval a vendor simply changes them."""
    vendor = a_vendor()

    changed = vendors.update_profile(vendor, {name: value}, LATER)
    applied = vendors.update_profile(a_vendor(state=VendorState.APPLIED), {name: value}, LATER)

    assert getattr(changed, name) == getattr(vendor, name)
    assert changed.proposal == replace(Proposal(LATER), **{name: value})
    assert (getattr(applied, name), applied.proposal) == (value, None)


def test_a_proposal_collects_changes_until_it_is_withdrawn() -> None:
    """Each change adds to it, and the values in force take back what was proposed."""
    both = vendors.update_profile(
        vendors.update_profile(a_vendor(), {"service_area": WIDER}, NOW),
        {"categories": ("roofing",)},
        LATER,
    )
    one = vendors.update_profile(both, {"categories": ("plumbing",)}, LATER)
    none = vendors.update_profile(one, {"service_area": a_vendor().service_area}, LATER)

    assert both.proposal == Proposal(LATER, ("roofing",), WIDER)
    assert one.proposal == Proposal(LATER, None, WIDER)
    assert none.proposal is None


def test_an_unrelated_change_leaves_a_proposal_where_it_is_in_the_queue() -> None:
    """A new capacity does not make the reviewers start again."""
    waiting = vendors.update_profile(a_vendor(), {"service_area": WIDER}, NOW)

    changed = vendors.update_profile(waiting, {"capacity": 9, "service_area": WIDER}, LATER)

    assert (changed.capacity, changed.proposal) == (9, waiting.proposal)


def test_a_claimed_proposal_cannot_be_changed() -> None:
    """What an admin looks at stays as it is; other fields can change, and the claim ends."""
    waiting = vendors.update_profile(a_vendor(), {"service_area": WIDER}, NOW)
    claimed = replace(waiting, claim=Claim("admin-1", LATER))

    with pytest.raises(ParleyError) as refused:
        vendors.update_profile(claimed, {"service_area": MOVED}, NOW)
    renamed = vendors.update_profile(claimed, {"company": "Cedar Plumbing"}, NOW)
    later = vendors.update_profile(claimed, {"service_area": MOVED}, LATER)

    assert refused.value.code is Code.WRONG_STATE
    assert (renamed.claim, renamed.company) == (claimed.claim, "Cedar Plumbing")
    assert (later.proposal, later.claim) == (Proposal(LATER, None, MOVED), None)


def test_a_returned_proposal_waits_again_once_every_requested_step_is_done() -> None:
    """The steps can be done one by one, and the last one sends the proposal back."""
    returned = a_vendor(
        proposal=Proposal(None, None, WIDER), requested_steps=("company", "languages")
    )

    half = vendors.update_profile(returned, {"company": "Cedar Plumbing"}, NOW)
    whole = vendors.update_profile(half, {"languages": ("en",)}, LATER)

    assert half.requested_steps == ("languages",)
    assert half.proposal == Proposal(None, None, WIDER)
    assert whole.proposal == Proposal(LATER, None, WIDER)


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
    ("suspend", VendorState.ACTIVE): (VendorState.SUSPENDED, Outcome.SUSPENDED),
    ("reinstate", VendorState.SUSPENDED): (VendorState.ACTIVE, Outcome.REINSTATED),
}


@pytest.mark.parametrize(("decision", "state"), list(product(DECISIONS, VendorState)))
def test_a_decision_applies_only_in_its_own_state(decision: str, state: VendorState) -> None:
    """An admin cannot suspend or reinstate twice."""
    vendor = a_vendor(state=state)

    if (decision, state) in ALLOWED:
        decided = vendors.decide(vendor, decision, "because", LATER)
        after, outcome = ALLOWED[decision, state]
        assert (decided.state, decided.state_reason) == (after, "because")
        assert decided.last_review == Review(outcome, "because", LATER)
    else:
        with pytest.raises(ParleyError) as refused:
            vendors.decide(vendor, decision, "because", LATER)
        assert refused.value.code is Code.WRONG_STATE


def test_rules_keep_the_match_count() -> None:
    """Only reservations and releases change the count of open matches."""
    vendor: Vendor = a_vendor(open_matches=2)

    suspended = vendors.decide(vendor, "suspend", "because", LATER)

    assert suspended.open_matches == 2


def test_documents_of_an_approved_vendor_are_reviewed() -> None:
    """Before the approval they belong to the application; afterwards they are a proposal."""
    applied = vendors.add_document(a_vendor(state=VendorState.APPLIED), LATER)
    active = vendors.add_document(a_vendor(), LATER)
    removed = vendors.remove_document(active, LATER, has_unchecked=False)

    assert applied.proposal is None
    assert active.proposal == Proposal(LATER, has_documents=True)
    assert removed.proposal is None


def test_a_checked_document_leaves_without_a_trace_in_the_queue() -> None:
    """What else waits keeps its place."""
    waiting = vendors.update_profile(a_vendor(), {"service_area": WIDER}, NOW)

    removed = vendors.remove_document(waiting, LATER, has_unchecked=False)

    assert removed.proposal == waiting.proposal


def test_a_vendor_suspended_for_its_documents_may_add_them() -> None:
    """One that an admin has suspended may not."""
    suspended = a_vendor(state=VendorState.SUSPENDED)

    adding = vendors.add_document(replace(suspended, suspended_for=vendors.DOCUMENTS), LATER)
    with pytest.raises(ParleyError) as refused:
        vendors.add_document(suspended, LATER)

    assert adding.proposal == Proposal(LATER, has_documents=True)
    assert adding.state is VendorState.SUSPENDED
    assert refused.value.code is Code.FORBIDDEN


@pytest.mark.parametrize("state", [VendorState.IN_REVIEW, VendorState.REJECTED])
def test_documents_under_review_stay_as_they_are(state: VendorState) -> None:
    """Neither can one be added nor removed."""
    vendor = a_vendor(state=state)

    with pytest.raises(ParleyError) as not_added:
        vendors.add_document(vendor, LATER)
    with pytest.raises(ParleyError) as not_removed:
        vendors.remove_document(vendor, LATER, has_unchecked=True)

    assert {not_added.value.code, not_removed.value.code} == {Code.WRONG_STATE}
