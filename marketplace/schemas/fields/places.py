"""Places, as GeoJSON points, and areas, as GeoJSON polygons."""

from typing import Any

from marshmallow import fields

from marketplace.domain.service_areas import MAX_POSITIONS, MIN_POSITIONS
from marketplace.places import rounded
from marketplace.schemas.bounds import Size


class Place(fields.Field[dict[str, Any]]):
    """A GeoJSON point (RFC 7946): longitude −180…180, then latitude −90…90."""

    default_error_messages = {
        # Doubled braces: marshmallow formats its messages.
        "invalid": 'Must be {{"type": "Point", "coordinates": [longitude, latitude]}}.',
        "range": "Longitude must be within ±180 and latitude within ±90.",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) != 2 or set(value) != {"type", "coordinates"}:
            raise self.make_error("invalid")
        pair = value["coordinates"]
        if value["type"] != "Point" or not isinstance(pair, list) or len(pair) != 2:
            raise self.make_error("invalid")
        if any(isinstance(n, bool) or not isinstance(n, int | float) for n in pair):
            raise self.make_error("invalid")
        # Compared before conversion to float: an integer may be too large for one, and NaN is never
        # in range.
        if not (-180 <= pair[0] <= 180 and -90 <= pair[1] <= 90):
            raise self.make_error("range")
        return {"type": "Point", "coordinates": [float(pair[0]), float(pair[1])]}


class RoundedPlace(Place):
    """A GeoJSON point that is published on a grid of about 1 km."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else rounded(value)


class Polygon(fields.Field[dict[str, Any]]):
    """A GeoJSON polygon (RFC 7946) of one ring with 4 to 61 positions, the last being the first."""

    size = Size(4 + 3 * MAX_POSITIONS, len("typecoordinatesPolygon"))
    default_error_messages = {
        "invalid": 'Must be {{"type": "Polygon", "coordinates": [[[longitude, latitude], …]]}}, '
        f"with one ring of {MIN_POSITIONS} to {MAX_POSITIONS} positions.",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) != 2 or set(value) != {"type", "coordinates"}:
            raise self.make_error("invalid")
        rings = value["coordinates"]
        if value["type"] != "Polygon" or not isinstance(rings, list) or len(rings) != 1:
            raise self.make_error("invalid")
        ring = rings[0]
        if not isinstance(ring, list) or not MIN_POSITIONS <= len(ring) <= MAX_POSITIONS:
            raise self.make_error("invalid")
        points = [Place().deserialize({"type": "Point", "coordinates": pair}) for pair in ring]
        return {"type": "Polygon", "coordinates": [[point["coordinates"] for point in points]]}
