"""Rounded places, for people who must not know them exactly."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

# 0.01 degrees are 1.1 km to the north, and less to the east away from the equator.
_DECIMALS = 2
_STEP_M = 1_000
_OFFSET_DEGREES = 8e-6
_EARTH_RADIUS_M = 6_378_100  # the sphere that MongoDB uses


def rounded(place: Mapping[str, Any]) -> dict[str, Any]:
    """The point closest to a GeoJSON point on a grid of about 1 km.

    Every place near a grid point becomes that point, no matter how often or by whom it is
    requested.
    """
    coordinates = [round(degrees, _DECIMALS) + 0.0 for degrees in place["coordinates"]]  # no -0.0
    return {"type": "Point", "coordinates": coordinates}


def directory_place(owner_id: str, place: Mapping[str, Any]) -> dict[str, Any]:
    """Where the directory lists a vendor: its rounded place, moved by less than a metre.

    The offset depends only on the id and reveals nothing about the place. It gives each vendor at a
    grid point a distinct distance, so that a distance can serve as the cursor of a page.
    """
    digest = hashlib.sha256(owner_id.encode()).digest()
    offsets = [int.from_bytes(part, "big") / 2**32 - 0.5 for part in (digest[:4], digest[4:8])]
    longitude, latitude = rounded(place)["coordinates"]
    moved = [longitude + offsets[0] * _OFFSET_DEGREES, latitude + offsets[1] * _OFFSET_DEGREES]
    bounds = (180, 90)
    return {
        "type": "Point",
        "coordinates": [
            max(-limit, min(limit, degrees)) for degrees, limit in zip(moved, bounds, strict=True)
        ],
    }


def distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The distance in metres between two GeoJSON points on a sphere (haversine)."""
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
    """A distance rounded to whole kilometres, at least one, in metres."""
    return max(_STEP_M, round(metres / _STEP_M) * _STEP_M)


def rounded_distance_m(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """The distance between two rounded places in whole kilometres, at least one, in metres.

    It reveals no more about either place than its rounded one does: neither a small move of the
    asker's place nor requests from several places reveal more.
    """
    return whole_kilometres_m(distance_m(rounded(one), rounded(other)))
