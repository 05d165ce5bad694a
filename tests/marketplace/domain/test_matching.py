"""Which vendors an RFI is offered to, recomputed from what is stored."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import matching
from marketplace.domain.matches import LIVE_STATES, MatchState
from marketplace.domain.matching import CLOSEST, DEPARTURE
from marketplace.domain.vendors import NearbyVendor, VendorState
from tests.builders import a_match, a_vendor, an_accepted_match, an_rfi


def inputs_of(
    max_vendors: int,
    *,
    matches: tuple[tuple[str, MatchState, bool], ...] = (),
    candidates: tuple[str, ...] = (),
    full: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Inputs with vendors named by short ids, closest first."""
    existing = [
        {"vendor_id": vendor_id, "state": state.value, "is_covering": is_covering}
        for vendor_id, state, is_covering in matches
    ]

    def nearby(ids: tuple[str, ...]) -> list[NearbyVendor]:
        return [NearbyVendor(a_vendor(id=id_), 100 * n) for n, id_ in enumerate(ids, 1)]

    rfi = an_rfi(max_vendors=max_vendors)
    return matching.closest_inputs(rfi, existing, nearby(candidates), nearby(full))


def test_the_closest_get_it_and_the_others_have_a_reason() -> None:
    """Closer vendors without a free place, and those that come after the last place, are told."""
    ruling = CLOSEST.decide(inputs_of(2, candidates=("a", "b", "c"), full=("f",)))

    assert ruling.outcome == {"places": 2, "offered": ["a", "b"], "closed": []}
    assert ruling.reasons == {"c": "others_are_closer", "f": "at_capacity"}


def test_no_vendor_is_asked_twice() -> None:
    """Whoever has a match in any state is passed over, even as a candidate."""
    matches = tuple((state.value, state, True) for state in MatchState)

    ruling = CLOSEST.decide(inputs_of(3, matches=matches, candidates=("declined", "a", "b")))

    assert ruling.outcome["offered"] == ["a"]  # one is offered and one has accepted
    assert {ruling.reasons[state.value] for state in MatchState} == {"asked_before"}


def test_an_offer_that_no_longer_fits_makes_room() -> None:
    """Its vendor is closed and replaced; an accepted match stays wherever the RFI goes."""
    matches = (
        ("gone", MatchState.OFFERED, False),
        ("stays", MatchState.ACCEPTED, False),
        ("fits", MatchState.OFFERED, True),
    )

    ruling = CLOSEST.decide(inputs_of(3, matches=matches, candidates=("a", "b")))

    assert ruling.outcome == {"places": 1, "offered": ["a"], "closed": ["gone"]}
    assert ruling.reasons["gone"] == "no_longer_suitable"


VENDOR_IDS = st.text("abcdefghij", min_size=1, max_size=1)


@given(
    max_vendors=st.integers(1, 6),
    matches=st.dictionaries(
        VENDOR_IDS, st.tuples(st.sampled_from(MatchState), st.booleans()), max_size=6
    ),
    candidates=st.lists(VENDOR_IDS, unique=True, max_size=10),
)
def test_no_ruling_passes_the_number_or_asks_twice(
    max_vendors: int, matches: dict[str, tuple[MatchState, bool]], candidates: list[str]
) -> None:
    """Whatever it is asked; and its inputs survive JSON, so that it recomputes equal."""
    existing = tuple((id_, state, is_covering) for id_, (state, is_covering) in matches.items())
    live = sum(state in LIVE_STATES for state, _ in matches.values())
    inputs = inputs_of(max_vendors, matches=existing, candidates=tuple(candidates))

    ruling = CLOSEST.decide(inputs)

    offered, closed = ruling.outcome["offered"], ruling.outcome["closed"]
    assert live - len(closed) + len(offered) <= max(max_vendors, live - len(closed))
    assert not set(offered) & set(matches)
    assert offered == [id_ for id_ in candidates if id_ not in matches][: len(offered)]
    assert CLOSEST.decide(orjson.loads(orjson.dumps(inputs))) == ruling


@pytest.mark.parametrize(
    ("match", "vendor_state", "is_covering", "reason"),
    [
        (a_match(), VendorState.ACTIVE, True, None),
        (a_match(), VendorState.ACTIVE, False, "no_longer_suitable"),
        (a_match(), VendorState.SUSPENDED, True, "vendor_left"),
        (an_accepted_match(), VendorState.ACTIVE, False, None),
        (an_accepted_match(), VendorState.SUSPENDED, True, "vendor_left"),
        (a_match(state=MatchState.DECLINED), VendorState.SUSPENDED, False, None),
        (an_accepted_match(state=MatchState.CLOSED), VendorState.SUSPENDED, False, None),
    ],
)
def test_a_vendor_leaves_when_it_is_suspended_or_does_not_cover_an_offer(
    match: Any, vendor_state: VendorState, is_covering: bool, reason: str | None
) -> None:
    """An accepted match stays although its vendor moved, and what has ended is not ended again."""
    vendor = a_vendor(state=vendor_state)

    ruling = DEPARTURE.decide(matching.departure_inputs(match, vendor, is_covering=is_covering))

    assert ruling.outcome == {"closed_reason": reason}


def test_a_vendor_that_no_longer_exists_has_left() -> None:
    """There is nobody who could answer."""
    ruling = DEPARTURE.decide(matching.departure_inputs(a_match(), None, is_covering=False))

    assert ruling.outcome == {"closed_reason": "vendor_left"}
