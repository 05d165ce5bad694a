"""What follows when a vendor's document expires: the vendor is asked for another, or suspended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace.domain.decisions import DecisionKind, Rule, Ruling
from marketplace.domain.vendor_documents import DocumentState, Requirement, VendorDocument
from marketplace.domain.vendor_reviews import Outcome, Review, Step
from marketplace.domain.vendors import DOCUMENTS, Vendor, VendorState

# Why a vendor without a valid document is not suspended: the requirement is younger than the
# approval, or an admin has not looked at the new document yet.
NEVER_ACCEPTED = "never_accepted"
RENEWAL_IN_REVIEW = "renewal_in_review"
_ONCE_ACCEPTED = frozenset({DocumentState.ACCEPTED, DocumentState.EXPIRED})


def lapse_inputs(
    documents: Sequence[VendorDocument], needed: Sequence[Requirement], now: datetime
) -> dict[str, Any]:
    """What the rule `LAPSE` decides from."""
    return {
        "required": [{"category": need.category, "type": need.type.value} for need in needed],
        "documents": [
            {
                "id": document.id,
                "type": document.type.value,
                "category": document.category,
                "state": document.state.value,
                "has_expired": document.has_expired(now),
            }
            for document in documents
        ],
    }


def _lapse(inputs: Mapping[str, Any]) -> Ruling:
    lapsed, reasons = [], {}
    for required in inputs["required"]:
        of_it = [
            document
            for document in inputs["documents"]
            if document["type"] == required["type"]
            and document["category"] in (None, required["category"])
        ]
        name = f"{required['category']}:{required['type']}"
        if any(_is(document, DocumentState.ACCEPTED) for document in of_it):
            continue
        if not any(document["state"] in _ONCE_ACCEPTED for document in of_it):
            reasons[name] = NEVER_ACCEPTED
        elif any(_is(document, DocumentState.UNCHECKED) for document in of_it):
            reasons[name] = RENEWAL_IN_REVIEW
        else:
            lapsed.append(name)
    has_all = not lapsed and RENEWAL_IN_REVIEW not in reasons.values()
    outcome = {"is_suspended": bool(lapsed), "has_all": has_all, "lapsed": lapsed}
    return Ruling(outcome, reasons)


def _is(document: Mapping[str, Any], state: DocumentState) -> bool:
    return bool(document["state"] == state) and not document["has_expired"]


# Whether a required document has expired and nothing replaces it or might.
LAPSE = Rule("lapse", 1, DecisionKind.LAPSE, _lapse)


def ask_again(vendor: Vendor, reason: str, now: datetime) -> Vendor:
    """The vendor after one of its documents has expired: it is asked for another."""
    review = Review(Outcome.DOCUMENT_EXPIRED, reason, now, (str(Step.DOCUMENTS),))
    return replace(vendor, last_review=review, updated_at=now)


def suspend(vendor: Vendor, reason: str, now: datetime) -> Vendor:
    """The active vendor suspended until it has the documents that it needs."""
    return replace(
        vendor,
        state=VendorState.SUSPENDED,
        state_reason=reason,
        suspended_for=DOCUMENTS,
        last_review=Review(Outcome.SUSPENDED, reason, now, (str(Step.DOCUMENTS),)),
        updated_at=now,
    )


def lift(vendor: Vendor, reason: str, now: datetime) -> Vendor:
    """The vendor that was suspended for its documents, active again."""
    return replace(
        vendor,
        state=VendorState.ACTIVE,
        state_reason=reason,
        suspended_for=None,
        last_review=Review(Outcome.REINSTATED, reason, now),
        updated_at=now,
    )
