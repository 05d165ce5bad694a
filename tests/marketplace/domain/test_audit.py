"""What the audit trail says about a change."""

from dataclasses import replace

import orjson

from marketplace.domain import audit
from marketplace.domain.rfis import Change
from marketplace.domain.vendors import Proposal, ServiceArea, VendorState
from tests.builders import NOW, a_place, a_vendor

WIDER = ServiceArea(a_place(), 21_000)
NAMES = ("state", "company", "service_area", "proposal", "categories")


def test_only_what_differs_is_recorded_with_both_values() -> None:
    """As JSON values, however nested."""
    before = a_vendor()
    after = replace(
        before, state=VendorState.SUSPENDED, company="Cedar", proposal=Proposal(NOW, None, WIDER)
    )

    changes = audit.changes_of(before, after, NAMES)

    assert changes[:2] == (
        Change("state", "active", "suspended"),
        Change("company", "Front Range Plumbing", "Cedar"),
    )
    proposal = changes[2].new
    assert changes[2].old is None
    assert proposal["submitted_at"] == NOW.isoformat()
    assert proposal["service_area"]["radius_m"] == 21_000
    assert orjson.loads(orjson.dumps([change.new for change in changes])) == [
        change.new for change in changes
    ]


def test_what_began_or_ended_has_one_side_only() -> None:
    """A new row has no old values, and a deleted one no new ones."""
    vendor = a_vendor()

    (added,) = audit.changes_of(None, vendor, ["company"], "vendor.")
    (removed,) = audit.changes_of(vendor, None, ["company"])

    assert added == Change("vendor.company", None, vendor.company)
    assert removed == Change("company", vendor.company, None)
