"""Reviews: of a vendor's application, and of the material changes of an approved profile.

    applied ─▶ in_review ─▶ active                 an application, submitted by the vendor
       ▲           ├──────▶ rejected
    verifying ◀────┘                               changes are requested

    active with a proposal ─▶ active               the changes are approved, rejected, or sent back

An admin claims a review for a while, so that two do not work on one. `AUTOMATIC` approves what
needs no judgement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.domain import onboarding
from marketplace.domain.decisions import DecisionKind, Rule, Ruling
from marketplace.domain.onboarding import Applicant
from marketplace.domain.policy import Policy
from marketplace.domain.vendor_documents import DocumentState
from marketplace.domain.vendor_reviews import Claim, Outcome, Review, Step
from marketplace.domain.vendors import Proposal, Vendor, VendorState, has_claim
from marketplace.errors import Code, ParleyError, invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Decision → its outcome.
DECISIONS: Mapping[str, Outcome] = {
    "approve": Outcome.APPROVED,
    "reject": Outcome.REJECTED,
    "request-changes": Outcome.CHANGES_REQUESTED,
}
_STATE_AFTER = {
    Outcome.APPROVED: VendorState.ACTIVE,
    Outcome.REJECTED: VendorState.REJECTED,
    Outcome.CHANGES_REQUESTED: VendorState.VERIFYING,
}
# Steps that nobody can do again by changing the profile.
_NOT_REQUESTED = frozenset({Step.EMAIL, Step.PHONE})


def submit(applicant: Applicant, policy: Policy, now: datetime) -> Vendor:
    """The vendor submitted for review.

    Raises:
        ParleyError: `wrong_state` if it was already submitted, or if steps are left.
    """
    vendor = applicant.vendor
    if vendor.state not in {VendorState.APPLIED, VendorState.VERIFYING}:
        raise ParleyError(Code.WRONG_STATE, f"The vendor is already {vendor.state}.")
    to_do = onboarding.progress(applicant, policy, now).to_do
    if to_do:
        raise ParleyError(Code.WRONG_STATE, f"Steps still to complete: {', '.join(to_do)}.")
    return replace(vendor, state=VendorState.IN_REVIEW, claim=None, updated_at=now)


def waiting_since(vendor: Vendor) -> datetime | None:
    """When the vendor submitted what waits for a review; None if nothing does.

    A vendor under review cannot be changed, so its last change is its submission.
    """
    if vendor.state is VendorState.IN_REVIEW:
        return vendor.updated_at
    return vendor.proposal.submitted_at if vendor.proposal is not None else None


def claim(vendor: Vendor, admin_id: str, now: datetime, lifetime: timedelta) -> Vendor:
    """The vendor claimed by an admin; a claim of the same admin is renewed.

    Raises:
        ParleyError: `wrong_state` if nothing waits for a review, or another admin has claimed it.
    """
    if waiting_since(vendor) is None:
        raise ParleyError(Code.WRONG_STATE, "There is nothing to review.")
    _require_not_claimed_by_another(vendor, admin_id, now)
    return replace(vendor, claim=Claim(admin_id, now + lifetime))


def decide(
    vendor: Vendor,
    outcome: Outcome,
    reason: str,
    now: datetime,
    *,
    admin_id: str | None,
    steps: Sequence[str] = (),
) -> Vendor:
    """The vendor after a review; `admin_id` is None if a rule decides.

    Changes of an approved profile may only be decided by who has claimed them, since the vendor may
    change them until then.

    Raises:
        ParleyError: `wrong_state` if nothing waits for a review, or the review is claimed by
            another admin, or must be claimed first; `validation_failed` for missing `steps`.
    """
    if waiting_since(vendor) is None:
        raise ParleyError(
            Code.WRONG_STATE, f"Cannot review a vendor that is {vendor.state} and has no changes."
        )
    if admin_id is not None:
        _require_not_claimed_by_another(vendor, admin_id, now)
    is_of_changes = vendor.state is not VendorState.IN_REVIEW
    if admin_id is not None and is_of_changes and not has_claim(vendor, now):
        raise ParleyError(Code.WRONG_STATE, "Claim the review first.")
    asked = _asked(outcome, steps)
    review = Review(outcome, reason, now, asked, is_of_changes)
    decided = replace(vendor, requested_steps=asked, claim=None, last_review=review, updated_at=now)
    if is_of_changes:
        return _with_changes_decided(decided, outcome)
    return replace(decided, state=_STATE_AFTER[outcome], state_reason=reason)


def proposed(vendor: Vendor) -> dict[str, Any]:
    """The profile fields that a proposal changes."""
    proposal = vendor.proposal or Proposal(None)
    changes = {"categories": proposal.categories, "service_area": proposal.service_area}
    return {name: value for name, value in changes.items() if value is not None}


def refuses_documents(decided: Vendor) -> bool:
    """Whether the last review refused the documents that were unchecked."""
    review = decided.last_review
    return review is not None and (
        review.outcome is Outcome.REJECTED or Step.DOCUMENTS in review.steps
    )


def position_of(vendor: Vendor) -> str:
    """The vendor's place in the queue, for a cursor."""
    since = waiting_since(vendor) or vendor.updated_at
    return f"{(since - _EPOCH) // _MILLISECOND}:{vendor.id}"


def read_position(text: str | None) -> tuple[datetime, str]:
    """The place that `position_of` wrote; the queue's begin for None."""
    if text is None:
        return _EPOCH, ""
    milliseconds, _, vendor_id = text.partition(":")
    return _EPOCH + int(milliseconds) * _MILLISECOND, vendor_id


def _with_changes_decided(vendor: Vendor, outcome: Outcome) -> Vendor:
    if outcome is Outcome.CHANGES_REQUESTED and vendor.proposal is not None:
        # Documents that the vendor has to replace are refused.
        has_documents = vendor.proposal.has_documents and not refuses_documents(vendor)
        left = replace(vendor.proposal, submitted_at=None, has_documents=has_documents)
        return replace(vendor, proposal=None if left.is_empty else left)
    fields = proposed(vendor) if outcome is Outcome.APPROVED else {}
    return replace(vendor, **fields, proposal=None)


def _asked(outcome: Outcome, steps: Sequence[str]) -> tuple[str, ...]:
    if outcome is not Outcome.CHANGES_REQUESTED:
        return ()
    if not steps:
        raise invalid("steps", "Name the steps that the vendor has to change.")
    if _NOT_REQUESTED & set(steps):
        raise invalid("steps", "Only the vendor's profile and documents can be asked for.")
    return tuple(str(step) for step in Step if step in steps)


def _require_not_claimed_by_another(vendor: Vendor, admin_id: str, now: datetime) -> None:
    if vendor.claim is not None and has_claim(vendor, now) and vendor.claim.admin_id != admin_id:
        raise ParleyError(
            Code.WRONG_STATE,
            f"Another admin has claimed this review until {vendor.claim.until:%H:%M} UTC.",
        )


def automatic_inputs(applicant: Applicant, policy: Policy, now: datetime) -> dict[str, Any]:
    """What the rule `AUTOMATIC` decides from."""
    vendor = applicant.vendor
    steps = onboarding.progress(applicant, policy, now)
    return {
        "state": vendor.state.value,
        "done": [str(step) for step in (*steps.done, *steps.optional_done)],
        "needed": sorted(map(str, policy.automatic_approval or ())),
        "left": [str(step) for step in steps.to_do],
        "unchecked_documents": sum(
            document.state is DocumentState.UNCHECKED for document in applicant.documents
        ),
        "last_outcome": vendor.last_review.outcome.value if vendor.last_review else None,
    }


def _automatic(inputs: Mapping[str, Any]) -> Ruling:
    missing = sorted({*inputs["needed"], *inputs["left"]} - set(inputs["done"]))
    reasons = dict.fromkeys(missing, "not_done")
    if inputs["unchecked_documents"]:
        reasons[str(Step.DOCUMENTS)] = "unchecked"
    if inputs["state"] not in {VendorState.IN_REVIEW, VendorState.ACTIVE}:
        reasons["state"] = inputs["state"]
    if inputs["last_outcome"] not in {None, Outcome.APPROVED}:
        reasons["last_outcome"] = inputs["last_outcome"]
    return Ruling({"is_approved": not reasons}, reasons)


# Whether a vendor is approved without an admin: everything asked for is there, nothing has to be
# looked at, and nobody had objections before.
AUTOMATIC = Rule("automatic_approval", 1, DecisionKind.REVIEW, _automatic)
