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
# Closed because the RFI moved out of the vendor's reach, or because nobody took the offer up in time;
# all other closings end the RFI itself.
NO_LONGER_SUITABLE = "no_longer_suitable"
EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Match:
    """An RFI offered to a vendor: how far away, why this one, and what became of it."""

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
        """Whether its vendor sees the RFI: as long as it is asked, and how it ended for those asked."""
        if self.state is MatchState.CLOSED:
            return self.closed_reason not in {NO_LONGER_SUITABLE, EXPIRED}
        return self.state in LIVE_STATES


def offer(match_id: str, rfi: Rfi, nearby: NearbyVendor, now: datetime) -> Match:
    """A new match.  The score falls from 1 near the vendor to 0 at the edge of its radius.

    Distance and score are those between rounded places: customers see them, vendors see them, and
    neither is to find the other's door by them.
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
    """Whether an offer is too old to be taken up."""
    return match.state is MatchState.OFFERED and match.offered_at + lifetime <= now


def as_of(match: Match, now: datetime, lifetime: timedelta) -> Match:
    """The match as it stands now: an offer that has expired is closed, whoever has noted it or not."""
    if not has_expired(match, now, lifetime):
        return match
    return close(match, EXPIRED, match.offered_at + lifetime)


def accept(match: Match, conversation_id: str, now: datetime) -> Match:
    """The match taken up by its vendor, with the conversation it opens.

    Raises:
        ParleyError: `wrong_state` unless it is offered.
    """
    _require_offered(match)
    return replace(
        match, state=MatchState.ACCEPTED, conversation_id=conversation_id, updated_at=now
    )


def decline(match: Match, reason: str | None, now: datetime) -> Match:
    """The match turned down by its vendor.

    Raises:
        ParleyError: `wrong_state` unless it is offered.
    """
    _require_offered(match)
    return replace(match, state=MatchState.DECLINED, closed_reason=reason, updated_at=now)


def close(match: Match, reason: str, now: datetime) -> Match:
    """The match ended by the marketplace: the RFI was withdrawn, awarded, or moved out of reach."""
    return replace(match, state=MatchState.CLOSED, closed_reason=reason, updated_at=now)


def _require_offered(match: Match) -> None:
    if match.closed_reason == EXPIRED:
        raise ParleyError(
            Code.WRONG_STATE, "The offer has expired and can no longer be accepted or declined."
        )
    if match.state is not MatchState.OFFERED:
        raise ParleyError(Code.WRONG_STATE, f"The match is {match.state}, not offered.")
