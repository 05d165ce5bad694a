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

    shown = rounded(place)

    assert distance_m(place, shown) < 800
    assert rounded(shown) == shown
    assert all(round(coordinate, 2) == coordinate for coordinate in shown["coordinates"])
    assert abs(shown["coordinates"][0]) <= 180


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

    shown_m = rounded_distance_m(one, other)

    assert shown_m == rounded_distance_m(rounded(one), rounded(other))
    assert shown_m >= 1_000
    assert shown_m % 1_000 == 0
    assert shown_m == pytest.approx(distance_m(one, other), abs=2_600)


def test_a_shown_distance_is_accurate_to_a_kilometre() -> None:
    """Twelve kilometres are shown as twelve, plus or minus one."""
    assert rounded_distance_m(a_place(), north_of_denver(12_000)) in {11_000, 12_000, 13_000}
