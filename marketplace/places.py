"""Places as they are told to those who are not to know them exactly."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

# 0.01 degrees are 1.1 km to the north, and less to the east away from the equator.
_DECIMALS = 2
_STEP_M = 1_000
_MOVE_DEGREES = 8e-6
_EARTH_RADIUS_M = 6_378_100  # the sphere that MongoDB reckons with


def rounded(place: Mapping[str, Any]) -> dict[str, Any]:
    """The point of a grid of about 1 km that is closest to a GeoJSON point.

    Every place around a grid point is told as that point, however often and by whomever it is asked.
    """
    coordinates = [round(degrees, _DECIMALS) + 0.0 for degrees in place["coordinates"]]  # no -0.0
    return {"type": "Point", "coordinates": coordinates}


def directory_place(owner_id: str, place: Mapping[str, Any]) -> dict[str, Any]:
    """Where the directory looks for a vendor: its rounded place, moved by less than a metre.

    The move follows from the id alone and says nothing about the place.  It gives each vendor of a
    grid point a distance of its own, so that a page can go on behind a distance.
    """
    digest = hashlib.sha256(owner_id.encode()).digest()
    moves = [int.from_bytes(part, "big") / 2**32 - 0.5 for part in (digest[:4], digest[4:8])]
    longitude, latitude = rounded(place)["coordinates"]
    moved = [longitude + moves[0] * _MOVE_DEGREES, latitude + moves[1] * _MOVE_DEGREES]
    bounds = (180, 90)
    return {
        "type": "Point",
        "coordinates": [max(-most, min(most, at)) for at, most in zip(moved, bounds, strict=True)],
    }


def distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Metres between two GeoJSON points along the sphere (haversine)."""
    (longitude_1, latitude_1), (longitude_2, latitude_2) = (
        map(math.radians, place["coordinates"]) for place in (one, other)
    )
    half_chord = (
        math.sin((latitude_2 - latitude_1) / 2) ** 2
        + math.cos(latitude_1)
        * math.cos(latitude_2)
        * math.sin((longitude_2 - longitude_1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half_chord)))


def whole_kilometres_m(metres: float) -> int:
    """A distance in whole kilometres, at least one, in metres."""
    return max(_STEP_M, round(metres / _STEP_M) * _STEP_M)


def rounded_distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """The distance between two rounded places in whole kilometres, at least one.

    It says nothing about either place that its rounded one does not say: neither moving one's own
    place a little nor asking from several places brings out more.
    """
    return whole_kilometres_m(distance_m(rounded(one), rounded(other)))
