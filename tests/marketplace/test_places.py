"""Places and distances as other people see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.places import distance_m, rounded, rounded_distance_m
from tests.builders import a_place, north_of_denver

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-89, 89)


@given(LONGITUDES, LATITUDES)
def test_rounding_a_place_is_small_and_idempotent(longitude: float, latitude: float) -> None:
    """A rounded place is on the grid, at most 0.8 km away, and rounds to itself."""
    place = a_place(longitude, latitude)

    told = rounded(place)

    assert distance_m(place, told) < 800
    assert rounded(told) == told
    assert all(round(coordinate, 2) == coordinate for coordinate in told["coordinates"])
    assert abs(told["coordinates"][0]) <= 180


def test_a_rounded_place_has_no_negative_zero() -> None:
    """A rounded place never has -0.0, which would be another text for the same place."""
    assert str(rounded(a_place(-0.001, -0.001))["coordinates"]) == "[0.0, 0.0]"


@given(LONGITUDES, LATITUDES, st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_a_shown_distance_depends_only_on_rounded_places(
    longitude: float, latitude: float, east: float, north: float
) -> None:
    """No number of queries reveals more than the rounded place."""
    one = a_place(longitude, latitude)
    other = a_place(max(-180, min(180, longitude + east)), max(-89, min(89, latitude + north)))

    told = rounded_distance_m(one, other)

    assert told == rounded_distance_m(rounded(one), rounded(other))
    assert told >= 1_000
    assert told % 1_000 == 0
    assert told == pytest.approx(distance_m(one, other), abs=2_600)


def test_a_shown_distance_is_accurate_to_a_kilometre() -> None:
    """Twelve kilometres are shown as twelve, plus or minus one."""
    assert rounded_distance_m(a_place(), north_of_denver(12_000)) in {11_000, 12_000, 13_000}
