"""Points in time, days, and times of day."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields

from marketplace.schemas.bounds import Size
from marketplace.schemas.fields.words import Matching, Pattern

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


class Moment(fields.AwareDateTime):
    """A point in time, RFC 3339 with an offset; stored and written in UTC to the millisecond."""

    # With a fraction of a second of any precision that a client may have.
    size = Size(1, 64)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type="datetime")
        try:
            moment: datetime = super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:  # year 1 with a positive offset has no UTC form
            raise self.make_error("invalid", input=value, obj_type="datetime") from error
        # MongoDB stores milliseconds; truncating here keeps responses equal to what is stored.
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else written(value)


class Day(fields.Date):
    """A day, such as `2026-12-25`."""

    size = Size(1, len("2026-12-25"))


class TimeOfDay(Matching):
    """A time of day, such as `08:00`; `24:00` too if it is an end."""

    size = Size(1, len("08:00"))

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        pattern = rf"^({_TIME}|24:00)$" if is_end else rf"^{_TIME}$"
        super().__init__(Pattern(pattern, error="Must be HH:MM."), **kwargs)


def written(moment: datetime) -> str:
    """A moment in the contract's format: RFC 3339, UTC, milliseconds, `Z`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"  # without +00:00
