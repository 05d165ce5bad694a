"""The award of an RFI, and its cancellation."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from marketplace.domain import awards
from marketplace.domain.awards import Award
from marketplace.domain.matches import MatchState
from marketplace.domain.rfis import Change, RfiState
from marketplace.domain.vendors import VendorState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_match, a_vendor, an_accepted_match, an_actor, an_rfi

LATER = NOW + timedelta(hours=1)
UNTIL = NOW + timedelta(days=1)
AWARD = Award("q1", 3, "v1", cancellable_until=UNTIL)


def test_an_award_names_the_quote_at_its_revision() -> None:
    """The RFI says which figures were awarded, and until when this can be undone."""
    given, revision = awards.award(an_rfi(), AWARD, an_actor(), NOW)

    assert given.state is RfiState.AWARDED
    assert (given.awarded_quote_id, given.awarded_quote_revision) == ("q1", 3)
    assert given.award_cancellable_until == UNTIL
    assert not given.is_award_outdated
    assert "is_award_outdated" not in {change.path for change in revision.changes}


def test_an_award_of_an_outdated_quote_is_marked() -> None:
    """The mark is a change like any other."""
    given, revision = awards.award(an_rfi(), replace(AWARD, is_outdated=True), an_actor(), NOW)

    assert given.is_award_outdated
    assert Change("is_award_outdated", False, True) in revision.changes


@pytest.mark.parametrize("at", [NOW, UNTIL])
def test_a_cancelled_award_leaves_no_trace_but_its_revisions(at: datetime) -> None:
    """The RFI is open again, as if it had never been awarded."""
    before, actor = an_rfi(), an_actor()
    given, _ = awards.award(before, replace(AWARD, is_outdated=True), actor, NOW)

    opened, revision = awards.cancel(given, actor, at)

    assert opened == replace(before, revision=before.revision + 2, updated_at=at)
    assert revision.cause == "award_cancelled"
    assert Change("awarded_vendor_id", "v1", None) in revision.changes


def test_an_award_can_be_cancelled_for_a_while_only() -> None:
    """Not a moment later, not twice, and not if the version before awarded it."""
    actor = an_actor()
    given, _ = awards.award(an_rfi(), AWARD, actor, NOW)
    of_the_version_before = replace(given, award_cancellable_until=None)

    for rfi, at in (
        (given, UNTIL + timedelta(milliseconds=1)),
        (of_the_version_before, NOW),
        (an_rfi(), NOW),
        (an_rfi(state=RfiState.WITHDRAWN), NOW),
    ):
        with pytest.raises(ParleyError) as refused:
            awards.cancel(rfi, actor, at)
        assert refused.value.code is Code.WRONG_STATE


def test_the_matches_that_the_award_ended_come_back() -> None:
    """The winner's, and those that it closed; not those that had ended before."""
    winner = an_accepted_match(vendor_id="v1")
    lost = an_accepted_match(state=MatchState.CLOSED, closed_reason="rfi_awarded")
    others = [
        a_match(state=MatchState.DECLINED),
        a_match(state=MatchState.CLOSED, closed_reason="expired"),
        a_match(state=MatchState.CLOSED, closed_reason="no_longer_suitable"),
    ]

    assert awards.was_on(winner, "v1")
    assert awards.was_on(lost, "v1")
    assert not any(awards.was_on(match, "v1") for match in others)


def test_a_restored_match_is_as_it_was() -> None:
    """A vendor that had accepted has accepted; an offer gets its whole time again."""
    accepted = an_accepted_match()
    closed = replace(accepted, state=MatchState.CLOSED, closed_reason="rfi_awarded")
    offer = a_match(state=MatchState.CLOSED, closed_reason="rfi_awarded")

    assert awards.restored(closed, LATER) == replace(accepted, updated_at=LATER)
    restored = awards.restored(offer, LATER)
    assert (restored.state, restored.offered_at) == (MatchState.OFFERED, LATER)
    assert restored.closed_reason is None


def test_a_vendor_that_does_not_return_is_told_why() -> None:
    """It has no free place, or it is not active any more."""
    assert awards.reason_of_absence(a_vendor()) == "no_free_place"
    assert awards.reason_of_absence(a_vendor(state=VendorState.SUSPENDED)) == "vendor_left"
    assert awards.reason_of_absence(None) == "vendor_left"
