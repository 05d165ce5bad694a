"""Reviews: claims, decisions, and the rule that approves without an admin."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import orjson
import pytest

from marketplace.domain import reviews, vendors
from marketplace.domain.onboarding import Applicant
from marketplace.domain.policy import Policy
from marketplace.domain.reviews import AUTOMATIC
from marketplace.domain.vendor_documents import DocumentState
from marketplace.domain.vendor_reviews import Claim, Outcome, Review, Step
from marketplace.domain.vendors import Proposal, ServiceArea, Vendor, VendorState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_place, a_vendor
from tests.rows import a_document

HALF_AN_HOUR = timedelta(minutes=30)
LATER = NOW + HALF_AN_HOUR
WIDER = ServiceArea(a_place(), 21_000)
IN_REVIEW = a_vendor(state=VendorState.IN_REVIEW)
CHANGED = a_vendor(proposal=Proposal(NOW, ("plumbing", "roofing"), WIDER))
CLAIMED = replace(CHANGED, claim=Claim("admin-1", LATER))
DECIDED = {
    Outcome.APPROVED: VendorState.ACTIVE,
    Outcome.REJECTED: VendorState.REJECTED,
    Outcome.CHANGES_REQUESTED: VendorState.VERIFYING,
}


def decided(vendor: Vendor, outcome: Outcome, admin_id: str | None = "admin-1") -> Vendor:
    """The vendor after this decision, made now."""
    steps = ["languages", "company"] if outcome is Outcome.CHANGES_REQUESTED else []
    return reviews.decide(vendor, outcome, "because", NOW, admin_id=admin_id, steps=steps)


def test_a_complete_profile_can_be_submitted() -> None:
    """Submitting puts it in review, and the waiting begins."""
    vendor = a_vendor(state=VendorState.APPLIED)

    submitted = reviews.submit(Applicant(vendor), Policy(), LATER)

    assert submitted.state is VendorState.IN_REVIEW
    assert reviews.waiting_since(submitted) == LATER


@pytest.mark.parametrize(
    ("step", "empty"),
    [("company", None), ("categories", ()), ("service_area", None), ("capacity", 0)],
)
def test_an_incomplete_profile_cannot_be_submitted(step: str, empty: Any) -> None:
    """The refusal names the missing step."""
    vendor = replace(a_vendor(state=VendorState.APPLIED), **{step: empty})

    with pytest.raises(ParleyError, match=step) as refused:
        reviews.submit(Applicant(vendor), Policy(), NOW)

    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("state", set(VendorState) - {VendorState.APPLIED, VendorState.VERIFYING})
def test_a_profile_is_submitted_once(state: VendorState) -> None:
    """A profile that is in review or past it cannot be submitted again."""
    with pytest.raises(ParleyError) as refused:
        reviews.submit(Applicant(a_vendor(state=state)), Policy(), NOW)

    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("vendor", [IN_REVIEW, CHANGED])
def test_a_review_has_one_claim_at_a_time(vendor: Vendor) -> None:
    """Its holder may renew it; somebody else may have it once it is over."""
    claimed = reviews.claim(vendor, "admin-1", NOW, HALF_AN_HOUR)

    with pytest.raises(ParleyError) as refused:
        reviews.claim(claimed, "admin-2", LATER - timedelta(seconds=1), HALF_AN_HOUR)
    renewed = reviews.claim(claimed, "admin-1", LATER - timedelta(seconds=1), HALF_AN_HOUR)
    taken_over = reviews.claim(claimed, "admin-2", LATER, HALF_AN_HOUR)

    assert claimed.claim == Claim("admin-1", LATER)
    assert claimed.updated_at == vendor.updated_at
    assert refused.value.code is Code.WRONG_STATE
    assert renewed.claim is not None
    assert renewed.claim.until > LATER
    assert taken_over.claim == Claim("admin-2", LATER + HALF_AN_HOUR)


@pytest.mark.parametrize("state", set(VendorState) - {VendorState.IN_REVIEW})
def test_what_does_not_wait_can_be_neither_claimed_nor_decided(state: VendorState) -> None:
    """Nor can changes that were sent back to the vendor."""
    vendor = a_vendor(state=state)
    returned = replace(vendor, proposal=Proposal(None, None, WIDER))

    for subject, outcome in product((vendor, returned), DECIDED):
        with pytest.raises(ParleyError) as not_decided:
            decided(subject, outcome)
        with pytest.raises(ParleyError) as not_claimed:
            reviews.claim(subject, "admin-1", NOW, HALF_AN_HOUR)
        assert {not_decided.value.code, not_claimed.value.code} == {Code.WRONG_STATE}


@pytest.mark.parametrize("outcome", DECIDED)
def test_an_application_is_decided(outcome: Outcome) -> None:
    """With the reason, which the vendor is told, and the steps that it has to do again."""
    vendor = decided(IN_REVIEW, outcome)

    steps = ("company", "languages") if outcome is Outcome.CHANGES_REQUESTED else ()
    assert (vendor.state, vendor.state_reason) == (DECIDED[outcome], "because")
    assert vendor.last_review == Review(outcome, "because", NOW, steps)
    assert (vendor.requested_steps, vendor.claim) == (steps, None)


def test_approved_changes_come_into_force() -> None:
    """The state stays, and nothing is proposed any more."""
    vendor = decided(CLAIMED, Outcome.APPROVED)

    assert (vendor.state, vendor.state_reason) == (CHANGED.state, CHANGED.state_reason)
    assert (vendor.categories, vendor.service_area) == (("plumbing", "roofing"), WIDER)
    assert (vendor.proposal, vendor.claim) == (None, None)
    assert vendor.last_review == Review(Outcome.APPROVED, "because", NOW, is_of_changes=True)


def test_rejected_changes_leave_the_profile_as_it_was() -> None:
    """The vendor may propose others."""
    vendor = decided(CLAIMED, Outcome.REJECTED)

    assert (vendor.categories, vendor.service_area) == (CHANGED.categories, CHANGED.service_area)
    assert (vendor.state, vendor.proposal) == (VendorState.ACTIVE, None)


def test_changes_that_are_sent_back_wait_for_the_vendor() -> None:
    """They are kept, and leave the queue."""
    vendor = decided(CLAIMED, Outcome.CHANGES_REQUESTED)

    assert vendor.state is VendorState.ACTIVE
    assert vendor.proposal == replace(CLAIMED.proposal or Proposal(None), submitted_at=None)
    assert reviews.waiting_since(vendor) is None


def test_documents_that_are_asked_for_again_leave_the_proposal() -> None:
    """Nothing else was proposed, so nothing is left of it."""
    claim = Claim("admin-1", LATER)
    vendor = a_vendor(proposal=Proposal(NOW, has_documents=True), claim=claim)

    sent_back = reviews.decide(
        vendor, Outcome.CHANGES_REQUESTED, "Blurred.", NOW, admin_id="admin-1", steps=["documents"]
    )

    assert sent_back.proposal is None
    assert sent_back.requested_steps == (Step.DOCUMENTS,)
    assert reviews.refuses_documents(sent_back)


@pytest.mark.parametrize("outcome", DECIDED)
def test_a_claim_excludes_other_admins(outcome: Outcome) -> None:
    """An application may be decided without one; changes have to be claimed first."""
    claimed = replace(IN_REVIEW, claim=Claim("admin-1", LATER))

    for vendor, admin_id in ((claimed, "admin-2"), (CLAIMED, "admin-2"), (CHANGED, "admin-1")):
        with pytest.raises(ParleyError) as refused:
            decided(vendor, outcome, admin_id)
        assert refused.value.code is Code.WRONG_STATE
    assert decided(IN_REVIEW, outcome, "admin-2").state is DECIDED[outcome]
    over = replace(claimed, claim=Claim("admin-1", NOW))
    assert decided(over, outcome, "admin-2").state is DECIDED[outcome]


@pytest.mark.parametrize("steps", [[], ["email"], ["company", "phone"]])
def test_changes_need_steps_that_the_vendor_can_do(steps: list[str]) -> None:
    """A verified address is not something to fill in again."""
    with pytest.raises(ParleyError) as refused:
        reviews.decide(
            IN_REVIEW, Outcome.CHANGES_REQUESTED, "because", NOW, admin_id="a", steps=steps
        )

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["steps"]


def test_a_place_in_the_queue_reads_back() -> None:
    """To the millisecond, which is what is stored."""
    vendor = replace(IN_REVIEW, updated_at=NOW + timedelta(milliseconds=7))

    assert reviews.read_position(reviews.position_of(vendor)) == (vendor.updated_at, vendor.id)
    assert reviews.read_position(None) < (NOW, "")


POLICY = Policy(automatic_approval=frozenset({Step.LANGUAGES}))
REJECTED_BEFORE = Review(Outcome.REJECTED, "because", NOW)


@pytest.mark.parametrize(
    ("applicant", "reason"),
    [
        (Applicant(IN_REVIEW), None),
        (Applicant(IN_REVIEW, [a_document()]), None),
        (Applicant(CHANGED), None),
        (Applicant(replace(IN_REVIEW, languages=())), ("languages", "not_done")),
        (
            Applicant(IN_REVIEW, [a_document(state=DocumentState.UNCHECKED)]),
            ("documents", "unchecked"),
        ),
        (
            Applicant(replace(IN_REVIEW, last_review=REJECTED_BEFORE)),
            ("last_outcome", "rejected"),
        ),
        (
            Applicant(replace(CHANGED, state=VendorState.SUSPENDED)),
            ("state", "suspended"),
        ),
    ],
)
def test_a_rule_approves_what_needs_no_judgement(
    applicant: Applicant, reason: tuple[str, str] | None
) -> None:
    """An unchecked document, a missing step or an earlier objection needs an admin."""
    inputs = reviews.automatic_inputs(applicant, POLICY, NOW)

    ruling = AUTOMATIC.decide(inputs)

    assert ruling.outcome == {"is_approved": reason is None}
    assert ruling.reasons == (dict([reason]) if reason else {})
    assert AUTOMATIC.decide(orjson.loads(orjson.dumps(inputs))) == ruling


def test_a_decision_keeps_the_match_count() -> None:
    """Only reservations and releases change it."""
    assert decided(replace(IN_REVIEW, open_matches=2), Outcome.APPROVED).open_matches == 2
    assert vendors.update_profile(a_vendor(open_matches=2), {}, NOW).open_matches == 2
