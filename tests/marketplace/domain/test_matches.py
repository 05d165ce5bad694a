"""Matches: one RFI with one vendor."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from marketplace.domain import matches
from marketplace.domain.matches import MatchState
from marketplace.domain.vendors import NearbyVendor
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_match, a_vendor, a_vendor_north, an_rfi, north_of_denver

LATER = NOW + timedelta(hours=1)


def test_an_offer_has_its_vendor_distance_and_revision() -> None:
    """A match carries what lists show, so they need no second query."""
    rfi, vendor = an_rfi(revision=4), a_vendor_north(5_120)

    match = matches.offer("m1", rfi, NearbyVendor(vendor, 5_120), NOW)

    assert (match.rfi_id, match.customer_id, match.rfi_revision) == (rfi.id, rfi.customer_id, 4)
    assert (match.vendor_id, match.vendor_name) == (vendor.id, vendor.company)
    assert match.state is MatchState.OFFERED
    assert match.conversation_id is None
    assert match.distance_m == 6_000  # the distance of rounded places, in whole kilometres


@pytest.mark.parametrize(
    ("distance_m", "radius_m", "score"),
    [(0, 20_000, 0.95), (0, 500, 0.0), (9_900, 20_000, 0.5), (25_000, 20_000, 0.0)],
)
def test_the_score_falls_from_the_vendor_to_its_radius(
    distance_m: int, radius_m: int, score: float
) -> None:
    """The score is near 1 close to the vendor, 0 at the edge of its radius, and never below."""
    vendor = a_vendor_north(distance_m, radius_m=radius_m)

    assert matches.offer("m1", an_rfi(), NearbyVendor(vendor, distance_m), NOW).score == score


@pytest.mark.parametrize("moved_m", [0, 70, -90, 210])
def test_an_offer_does_not_reveal_an_exact_place(moved_m: int) -> None:
    """Moving the RFI slightly does not change the distance or the score."""
    vendor = a_vendor_north(5_120)

    still = matches.offer("m1", an_rfi(), NearbyVendor(vendor, 5_120), NOW)
    moved = matches.offer(
        "m1", an_rfi(location=north_of_denver(moved_m)), NearbyVendor(vendor, 5_120), NOW
    )

    assert (moved.distance_m, moved.score) == (still.distance_m, still.score)


def test_a_vendor_without_a_service_area_cannot_be_matched() -> None:
    """A vendor without a service area raises, since it would be a defect of the search."""
    with pytest.raises(ValueError, match="service area"):
        matches.offer("m1", an_rfi(), NearbyVendor(a_vendor(service_area=None), 0), NOW)


def test_an_offer_is_accepted_with_a_conversation() -> None:
    """An accepted match refers to its conversation."""
    accepted = matches.accept(a_match(), "c1", LATER)

    assert accepted.state is MatchState.ACCEPTED
    assert (accepted.conversation_id, accepted.updated_at) == ("c1", LATER)


@pytest.mark.parametrize("reason", [None, "Too far this week."])
def test_an_offer_is_declined_with_or_without_a_reason(reason: str | None) -> None:
    """A decline may have a reason or none."""
    declined = matches.decline(a_match(), reason, LATER)

    assert declined.state is MatchState.DECLINED
    assert (declined.closed_reason, declined.updated_at) == (reason, LATER)


@pytest.mark.parametrize("state", set(MatchState) - {MatchState.OFFERED})
def test_only_an_open_offer_can_be_answered(state: MatchState) -> None:
    """Answering twice, or answering a closed match, is refused."""
    match = a_match(state=state)

    answers: list[Callable[[], object]] = [
        lambda: matches.accept(match, "c1", LATER),
        lambda: matches.decline(match, None, LATER),
    ]
    for answer in answers:
        with pytest.raises(ParleyError) as refused:
            answer()
        assert refused.value.code is Code.WRONG_STATE


def test_a_match_closed_by_the_marketplace_has_a_reason() -> None:
    """A match that the marketplace closes has a reason that the vendor can read."""
    closed = matches.close(a_match(), "rfi_withdrawn", LATER)

    assert closed.state is MatchState.CLOSED
    assert closed.closed_reason == "rfi_withdrawn"


@pytest.mark.parametrize(
    ("state", "reason", "shows"),
    [
        (MatchState.OFFERED, None, True),
        (MatchState.ACCEPTED, None, True),
        (MatchState.CLOSED, "rfi_awarded", True),
        (MatchState.CLOSED, "rfi_withdrawn", True),
        (MatchState.CLOSED, "no_longer_suitable", False),
        (MatchState.DECLINED, None, False),
        (MatchState.DECLINED, "rfi_awarded", False),
    ],
)
def test_a_vendor_sees_the_rfi_until_its_match_ends(
    state: MatchState, reason: str | None, *, shows: bool
) -> None:
    """A vendor matched to the end sees the outcome; one that declined or was dropped does not."""
    assert a_match(state=state, closed_reason=reason).shows_rfi is shows
