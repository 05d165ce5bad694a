"""Service areas: a circle around a vendor's place, or a polygon.

A polygon is stored with the smallest circle around the vendor's place that contains it. So the
search for the closest vendors stays a search by distance, and only looks at the polygons of those
whose circles it has found; and a version that does not know polygons reads a circle.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any, TypeAlias

from marketplace.domain.vendors import MAX_RADIUS_M, MIN_RADIUS_M, ServiceArea
from marketplace.errors import ParleyError, invalid
from marketplace.places import distance_m

# Checking every pair of sides takes 2 ms for 60 of them.
MIN_POSITIONS, MAX_POSITIONS = 4, 61
_HALF_TURN = 180.0

Position: TypeAlias = Sequence[float]


def within(polygon: dict[str, Any], location: dict[str, Any] | None = None) -> ServiceArea:
    """The area within a GeoJSON polygon; `location` is the vendor's place, its middle if None.

    Raises:
        ParleyError: `validation_failed` unless the polygon is one ring of at most 60 sides that do
            not cross, and lies within 500 km of the place.
    """
    ring = _ring(polygon["coordinates"])
    place = location or _middle(ring)
    farthest_m = max(distance_m(place, _point(position)) for position in ring)
    radius_m = max(MIN_RADIUS_M, math.ceil(farthest_m) + 1)
    if radius_m > MAX_RADIUS_M:
        raise _refused(f"Must lie within {MAX_RADIUS_M // 1_000} km of the location.")
    return ServiceArea(place, radius_m, {"type": "Polygon", "coordinates": [ring]})


def contains(polygon: Mapping[str, Any], place: Mapping[str, Any]) -> bool:
    """Whether a place is within a polygon, between straight lines on the map.

    The store measures along great circles. Across 100 km the two differ by some metres.
    """
    longitude, latitude = place["coordinates"]
    is_inside = False
    for (west, south), (east, north) in pairwise(polygon["coordinates"][0]):
        if (south > latitude) == (north > latitude):
            continue
        crossing = west + (latitude - south) / (north - south) * (east - west)
        is_inside ^= longitude < crossing
    return is_inside


def _ring(rings: Sequence[Sequence[Position]]) -> list[list[float]]:
    """The checked outer ring.

    Sides are compared on the map: they are short, so a crossing there is one on the sphere.
    """
    if len(rings) != 1:
        raise _refused("Must have one ring: holes are not supported.")
    ring = [[float(position[0]), float(position[1])] for position in rings[0]]
    if ring[0] != ring[-1]:
        raise _refused("The first and the last position must be the same.")
    if len({tuple(position) for position in ring}) != len(ring) - 1:
        raise _refused("No other position may occur twice.")
    if max(abs(one[0] - other[0]) for one, other in pairwise(ring)) >= _HALF_TURN:
        raise _refused("Must not cross the 180th meridian.")
    sides = list(pairwise(ring))
    last = len(sides) - 1
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        are_neighbours = j == i + 1 or (i == 0 and j == last)
        if not are_neighbours and _cross(*one, *other):
            raise _refused("The sides must not cross.")
    if _doubled_area(ring) == 0:
        raise _refused("Must enclose an area.")
    return ring


def _doubled_area(ring: Sequence[Position]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))


def _cross(a: Position, b: Position, c: Position, d: Position) -> bool:
    """Whether the sides ab and cd have a point in common."""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _is_between(*end) for turn, end in zip(turns, ends, strict=True))


def _turn(a: Position, b: Position, c: Position) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_between(a: Position, b: Position, c: Position) -> bool:
    return all(min(a[n], b[n]) <= c[n] <= max(a[n], b[n]) for n in (0, 1))


def _middle(ring: Sequence[Position]) -> dict[str, Any]:
    longitudes, latitudes = zip(*ring, strict=True)
    middle = [(min(values) + max(values)) / 2 for values in (longitudes, latitudes)]
    return {"type": "Point", "coordinates": middle}


def _point(position: Position) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position)}


def _refused(message: str) -> ParleyError:
    return invalid("service_area.polygon", message)
