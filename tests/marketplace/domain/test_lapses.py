"""When a vendor is suspended because a document has expired, and when it is active again."""

from datetime import timedelta

import orjson
import pytest

from marketplace.domain import lapses
from marketplace.domain.lapses import LAPSE
from marketplace.domain.vendor_documents import (
    DocumentState,
    DocumentType,
    Requirement,
    VendorDocument,
)
from marketplace.domain.vendor_reviews import Outcome
from marketplace.domain.vendors import DOCUMENTS, VendorState
from tests.builders import NOW, a_vendor
from tests.rows import a_document

DAY = timedelta(days=1)
LICENCE = Requirement("plumbing", DocumentType.LICENCE)
EXPIRED = a_document(state=DocumentState.EXPIRED, expires_at=NOW - DAY)
UNCHECKED = a_document(state=DocumentState.UNCHECKED, expires_at=NOW + DAY)
VALID = a_document(expires_at=NOW + DAY)
REFUSED = a_document(state=DocumentState.REFUSED)
REFUSED_LONG_AGO = a_document(state=DocumentState.REFUSED, expires_at=NOW - DAY)


@pytest.mark.parametrize(
    ("documents", "is_suspended", "has_all", "reason"),
    [
        ([VALID], False, True, None),
        ([EXPIRED, VALID], False, True, None),
        ([EXPIRED], True, False, None),
        ([EXPIRED, REFUSED], True, False, None),
        ([EXPIRED, UNCHECKED], False, False, "renewal_in_review"),
        ([], False, True, "never_accepted"),
        ([REFUSED], False, True, "never_accepted"),
        ([REFUSED_LONG_AGO], False, True, "never_accepted"),
    ],
)
def test_a_vendor_is_suspended_if_nothing_replaces_an_expired_document(
    documents: list[VendorDocument], is_suspended: bool, has_all: bool, reason: str | None
) -> None:
    """A renewal that waits for its review gives it time; a new requirement suspends nobody."""
    inputs = lapses.lapse_inputs(documents, [LICENCE], NOW)

    ruling = LAPSE.decide(inputs)

    assert ruling.outcome["is_suspended"] is is_suspended
    assert ruling.outcome["has_all"] is has_all
    assert ruling.reasons.get("plumbing:licence") == reason
    assert LAPSE.decide(orjson.loads(orjson.dumps(inputs))) == ruling


def test_a_document_that_nobody_requires_suspends_nobody() -> None:
    """Nor does one of another category."""
    insurance = Requirement("plumbing", DocumentType.INSURANCE)
    roofing = a_document(category="roofing", state=DocumentState.EXPIRED, expires_at=NOW - DAY)

    for documents, needed in (([EXPIRED], [insurance]), ([roofing], [LICENCE]), ([EXPIRED], [])):
        ruling = LAPSE.decide(lapses.lapse_inputs(documents, needed, NOW))
        assert ruling.outcome["is_suspended"] is False


def test_a_suspension_for_documents_is_marked_and_lifted() -> None:
    """So that nobody mistakes it for an admin's."""
    suspended = lapses.suspend(a_vendor(), "Expired.", NOW)
    lifted = lapses.lift(suspended, "Complete.", NOW + DAY)

    assert (suspended.state, suspended.suspended_for) == (VendorState.SUSPENDED, DOCUMENTS)
    assert suspended.last_review is not None
    assert suspended.last_review.outcome is Outcome.SUSPENDED
    assert (lifted.state, lifted.suspended_for) == (VendorState.ACTIVE, None)
