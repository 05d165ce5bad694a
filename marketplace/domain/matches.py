"""Matches: one RFI offered to one vendor."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.domain.rfis import Rfi
from marketplace.domain.vendors import NearbyVendor
from marketplace.errors import Code, ParleyError
from marketplace.places import rounded_distance_m


class MatchState(StrEnum):
    """`offered` and `accepted` count against the RFI's max_vendors and the vendor's capacity."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"


LIVE_STATES = frozenset({MatchState.OFFERED, MatchState.ACCEPTED})
# A match is closed for one of these reasons, or because its RFI has ended.
NO_LONGER_SUITABLE = "no_longer_suitable"  # the vendor no longer covers the RFI
EXPIRED = "expired"  # it did not accept the offer in time
NO_ANSWER = "no_answer"  # it accepted, and neither wrote nor quoted in time
VENDOR_LEFT = "vendor_left"  # it was suspended, or its account erased
NO_FREE_PLACE = "no_free_place"  # it had none when the RFI was opened again after an award
# In all of these cases the RFI goes on without the vendor, and the next closest one is asked.
REPLACED_REASONS = frozenset({NO_LONGER_SUITABLE, EXPIRED, NO_ANSWER, VENDOR_LEFT, NO_FREE_PLACE})


@dataclass(frozen=True, slots=True)
class Match:
    """An RFI offered to a vendor: the distance, the reasons, and the outcome."""

    id: str
    rfi_id: str
    customer_id: str
    vendor_id: str
    vendor_name: str
    state: MatchState
    rfi_revision: int
    distance_m: int
    score: float
    reasons: tuple[str, ...]
    offered_at: datetime
    updated_at: datetime
    conversation_id: str | None = None
    closed_reason: str | None = None

    @property
    def shows_rfi(self) -> bool:
        """Whether the vendor sees the RFI: while the match is live, or closed with the RFI."""
        if self.state is MatchState.CLOSED:
            return self.closed_reason not in REPLACED_REASONS
        return self.state in LIVE_STATES


def offer(match_id: str, rfi: Rfi, nearby: NearbyVendor, now: datetime) -> Match:
    """A new match. The score falls from 1 near the vendor to 0 at the edge of its radius.

    Distance and score are computed between rounded places: customers and vendors see both, and
    neither must be able to locate the other with them.
    """
    vendor = nearby.vendor
    if vendor.service_area is None:
        raise ValueError("a vendor without a service area cannot be matched")
    distance_m = rounded_distance_m(rfi.location, vendor.service_area.location)
    score = max(0.0, 1 - distance_m / max(1, vendor.service_area.radius_m))
    return Match(
        id=match_id,
        rfi_id=rfi.id,
        customer_id=rfi.customer_id,
        vendor_id=vendor.id,
        vendor_name=vendor.company or "A vendor",
        state=MatchState.OFFERED,
        rfi_revision=rfi.revision,
        distance_m=distance_m,
        score=round(score, 4),
        reasons=("category", "within_service_radius", "closest"),
        offered_at=now,
        updated_at=now,
    )


def has_expired(match: Match, now: datetime, lifetime: timedelta) -> bool:
    """Whether an offer is too old to be accepted."""
    return match.state is MatchState.OFFERED and match.offered_at + lifetime <= now


def as_of(match: Match, now: datetime, lifetime: timedelta) -> Match:
    """The match at this moment: an expired offer counts as closed, even if not yet stored so."""
    if not has_expired(match, now, lifetime):
        return match
    return close(match, EXPIRED, match.offered_at + lifetime)


def accept(match: Match, conversation_id: str, now: datetime) -> Match:
    """The match after its vendor accepted, with the conversation that this opens.

    Raises:
        ParleyError: `wrong_state` unless it is offered.
    """
    _require_offered(match)
    return replace(
        match, state=MatchState.ACCEPTED, conversation_id=conversation_id, updated_at=now
    )


def decline(match: Match, reason: str | None, now: datetime) -> Match:
    """The match after its vendor declined.

    Raises:
        ParleyError: `wrong_state` unless it is offered.
    """
    _require_offered(match)
    return replace(match, state=MatchState.DECLINED, closed_reason=reason, updated_at=now)


def close(match: Match, reason: str, now: datetime) -> Match:
    """The match closed by the marketplace: its RFI was withdrawn or awarded, or moved away."""
    return replace(match, state=MatchState.CLOSED, closed_reason=reason, updated_at=now)


def _require_offered(match: Match) -> None:
    if match.closed_reason == EXPIRED:
        raise ParleyError(
            Code.WRONG_STATE, "The offer has expired and can no longer be accepted or declined."
        )
    if match.state is not MatchState.OFFERED:
        raise ParleyError(Code.WRONG_STATE, f"The match is {match.state}, not offered.")
