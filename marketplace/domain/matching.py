"""Which vendors an RFI is offered to, and which leave it: rules over stored inputs.

`CLOSEST` fills an RFI's free places with the closest vendors that suit it. `DEPARTURE` says whether
a vendor has left an RFI.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.domain.decisions import DecisionKind, Rule, Ruling
from marketplace.domain.matches import (
    LIVE_STATES,
    NO_LONGER_SUITABLE,
    VENDOR_LEFT,
    Match,
    MatchState,
)
from marketplace.domain.rfis import Rfi
from marketplace.domain.vendors import NearbyVendor, Vendor, VendorState

# Why a vendor is not offered the RFI.
ASKED_BEFORE = "asked_before"
AT_CAPACITY = "at_capacity"
OTHERS_ARE_CLOSER = "others_are_closer"


def existing_matches(
    matches: Sequence[Match], uncovered_ids: frozenset[str]
) -> list[dict[str, Any]]:
    """The RFI's matches as an input; `is_covering` is False if the vendor no longer covers it."""
    return [
        {
            "vendor_id": match.vendor_id,
            "state": match.state.value,
            "is_covering": match.vendor_id not in uncovered_ids,
        }
        for match in matches
    ]


def closest_inputs(
    rfi: Rfi,
    existing: list[dict[str, Any]],
    candidates: Sequence[NearbyVendor],
    full: Sequence[NearbyVendor],
) -> dict[str, Any]:
    """What the rule `CLOSEST` decides from: candidates and full vendors are closest first.

    A candidate suits the RFI and has a free place; a full vendor suits it and has none.
    """
    return {
        "rfi_revision": rfi.revision,
        "category": rfi.category,
        "location": rfi.location,
        "max_vendors": rfi.max_vendors,
        "matches": existing,
        "candidates": [_as_input(nearby) for nearby in candidates],
        "full": [_as_input(nearby) for nearby in full],
    }


def free_places(max_vendors: int, existing: Sequence[Mapping[str, Any]]) -> int:
    """How many vendors an RFI can still be offered to, once the unsuitable offers are closed."""
    live = sum(match["state"] in LIVE_STATES for match in existing)
    return max(0, max_vendors - live + len(_unsuitable(existing)))


def _closest(inputs: Mapping[str, Any]) -> Ruling:
    existing = inputs["matches"]
    places = free_places(inputs["max_vendors"], existing)
    asked = {match["vendor_id"] for match in existing}
    suitable = [
        candidate["vendor_id"]
        for candidate in inputs["candidates"]
        if candidate["vendor_id"] not in asked
    ]
    reasons = dict.fromkeys(asked, ASKED_BEFORE)
    reasons |= {nearby["vendor_id"]: AT_CAPACITY for nearby in inputs["full"]}
    reasons |= dict.fromkeys(suitable[places:], OTHERS_ARE_CLOSER)
    closed = _unsuitable(existing)
    reasons |= dict.fromkeys(closed, NO_LONGER_SUITABLE)
    return Ruling({"places": places, "offered": suitable[:places], "closed": closed}, reasons)


CLOSEST = Rule("closest", 1, DecisionKind.MATCHING, _closest)


def departure_inputs(match: Match, vendor: Vendor | None, *, is_covering: bool) -> dict[str, Any]:
    """What the rule `DEPARTURE` decides from."""
    return {
        "match_state": match.state.value,
        "vendor_state": vendor.state.value if vendor is not None else None,
        "is_covering": is_covering,
    }


def _departure(inputs: Mapping[str, Any]) -> Ruling:
    reason = None
    if inputs["match_state"] in LIVE_STATES and inputs["vendor_state"] != VendorState.ACTIVE:
        reason = VENDOR_LEFT
    elif inputs["match_state"] == MatchState.OFFERED and not inputs["is_covering"]:
        reason = NO_LONGER_SUITABLE
    return Ruling({"closed_reason": reason})


DEPARTURE = Rule("departure", 1, DecisionKind.DEPARTURE, _departure)


def _unsuitable(existing: Sequence[Mapping[str, Any]]) -> list[str]:
    """The vendors of offers that no longer fit; an accepted match stays."""
    return [
        match["vendor_id"]
        for match in existing
        if match["state"] == MatchState.OFFERED and not match["is_covering"]
    ]


def _as_input(nearby: NearbyVendor) -> dict[str, Any]:
    vendor = nearby.vendor
    return {
        "vendor_id": vendor.id,
        "distance_m": nearby.distance_m,
        "open_matches": vendor.open_matches,
        "capacity": vendor.capacity,
    }
