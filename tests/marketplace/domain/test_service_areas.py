"""Polygons as service areas."""

from typing import Any

import pytest

from marketplace.domain import service_areas
from marketplace.domain.service_areas import MAX_POSITIONS
from marketplace.domain.vendors import MAX_RADIUS_M, MIN_RADIUS_M
from marketplace.errors import Code, ParleyError
from marketplace.places import distance_m
from tests.builders import a_place

SQUARE = [[-105.0, 39.5], [-104.5, 39.5], [-104.5, 40.0], [-105.0, 40.0], [-105.0, 39.5]]
# A horseshoe that is open to the north.
HORSESHOE = [
    [-105.0, 39.5],
    [-104.0, 39.5],
    [-104.0, 40.5],
    [-104.2, 40.5],
    [-104.2, 39.7],
    [-104.8, 39.7],
    [-104.8, 40.5],
    [-105.0, 40.5],
    [-105.0, 39.5],
]


def polygon(ring: list[list[float]]) -> dict[str, Any]:
    """A GeoJSON polygon of one ring."""
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize("location", [None, a_place(), a_place(-103.0, 41.0)])
def test_the_circle_contains_the_polygon(location: dict[str, Any] | None) -> None:
    """Around the vendor's place, or around the polygon's middle."""
    area = service_areas.within(polygon(SQUARE), location)

    assert area.location == (location or a_place(-104.75, 39.75))
    corners = [distance_m(area.location, a_place(*corner)) for corner in SQUARE]
    assert max(corners) <= area.radius_m <= max(corners) + 2
    assert area.polygon == polygon(SQUARE)


def test_a_tiny_polygon_has_the_least_radius() -> None:
    """A radius below the least one would be refused when it is sent back."""
    tiny = [[-105.0, 39.5], [-104.9999, 39.5], [-105.0, 39.5001], [-105.0, 39.5]]

    assert service_areas.within(polygon(tiny)).radius_m == MIN_RADIUS_M


@pytest.mark.parametrize(
    ("place", "is_inside"),
    [
        (a_place(-104.9, 40.0), True),
        (a_place(-104.1, 40.0), True),
        (a_place(-104.5, 39.6), True),
        (a_place(-104.5, 40.0), False),
        (a_place(-105.1, 40.0), False),
        (a_place(-104.5, 40.6), False),
        (a_place(-104.5, 39.4), False),
    ],
)
def test_a_place_in_the_opening_of_a_horseshoe_is_outside(
    place: dict[str, Any], is_inside: bool
) -> None:
    """Though it is within the circle, and between two parts of the polygon."""
    assert service_areas.contains(polygon(HORSESHOE), place) is is_inside


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        (SQUARE[:-1], "the same"),
        ([*SQUARE[:-1], SQUARE[1], SQUARE[0]], "twice"),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]], "cross"),
        ([[0, 0], [2, 0], [1, 0], [1, 1], [0, 0]], "cross"),
        ([[0, 0], [1, 1], [2, 2], [0, 0]], "area"),
        ([[179.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [179.0, 0.0]], "meridian"),
        ([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 0.0]], "500 km"),
    ],
)
def test_a_polygon_that_is_none_or_too_large_is_refused(
    ring: list[list[float]], reason: str
) -> None:
    """With its path and the reason, before the store would refuse it or search for ever."""
    with pytest.raises(ParleyError, match=reason) as refused:
        service_areas.within(polygon(ring))

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["service_area.polygon"]


def test_a_hole_is_refused() -> None:
    """A polygon has one ring."""
    with pytest.raises(ParleyError, match="one ring"):
        service_areas.within({"type": "Polygon", "coordinates": [SQUARE, SQUARE]})


def test_the_largest_polygon_is_accepted() -> None:
    """As many sides as there may be, and a radius that may be sent back."""
    n = MAX_POSITIONS - 1
    ring = [[-104.0 + i / n, 39.0 + 2 * abs(i / n - 0.5) ** 2] for i in range(n)]
    area = service_areas.within(polygon([*ring, ring[0]]))

    assert area.radius_m <= MAX_RADIUS_M
