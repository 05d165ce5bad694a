"""Places, as GeoJSON points."""

from typing import Any

from marshmallow import fields

from marketplace.places import rounded


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
