"""Strict field types, and the schema base class.

marshmallow is lenient by default (it accepts "5" for 5 and "yes" for true). Here types are checked
before anything reaches a query, so that an operator such as `{"$ne": null}` is an error and never a
condition.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from marketplace.errors import MAX_ERRORS, Code, FieldError, ParleyError, invalid
from marketplace.inputs import texts
from marketplace.inputs.currencies import CURRENCIES
from marketplace.places import rounded
from marketplace.schemas.bounds import Bounds, Size
from marketplace.schemas.fast_check import FastCheck

MAX_ATTRIBUTE_COUNT = 50
MAX_ATTRIBUTE_NAME = 50
MAX_ATTRIBUTE_CHARACTERS = 500
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_ID = r"^[A-Za-z0-9_-]{1,64}$"


class Pattern(validate.Regexp):
    """A pattern that must match the whole string; `$` alone would allow a trailing newline."""

    def __call__(self, value: Any) -> Any:
        """Return the value.

        Raises:
            ValidationError: it does not match.
        """
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Unicode(fields.String):
    """A string that UTF-8 can encode: no lone surrogates, which JSON escapes can contain."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _LONE_SURROGATE.search(text):
            raise ValidationError("Not valid Unicode text.")
        return text


class Text(Unicode):
    """A non-blank text of several lines, cleaned by `inputs.texts.body`.

    `longest` counts code points after cleaning.
    """

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=1, max=longest), **kwargs)
        self._longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        text = as_read(self._clean, text)
        if texts.is_blank(text):
            raise ValidationError("Must not be blank.")
        return text

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value (schemas/fast_check.py).

        A printable text contains neither control characters nor lone surrogates.
        """
        return (
            type(value) is str
            and 0 < len(value) <= self._longest
            and (
                value.isprintable() or (texts.is_clean(value) and not _LONE_SURROGATE.search(value))
            )
            and not texts.is_blank(value)
        )

    def _clean(self, text: str) -> str:
        return texts.body(text)


class Line(Text):
    """A title or the like: one line, cleaned by `inputs.texts.line`."""

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value, and cleaning does not change it."""
        return super().accepts(value) and self._clean(str(value)) == value

    def _clean(self, text: str) -> str:
        return texts.line(text)


class Name(Line):
    """The name of a person or a company: one line without a link."""

    def accepts(self, value: object) -> bool:
        """False: names are rare, and marshmallow writes better error messages."""
        return False

    def _clean(self, text: str) -> str:
        return texts.name(text)


def as_read(reader: Callable[[str], str], text: str) -> str:
    """The text as normalized by a reader of `marketplace.inputs`.

    Raises:
        ValidationError: with the reader's error.
    """
    try:
        return reader(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Matching(fields.String):
    """A string that a pattern matches as a whole."""

    def __init__(self, pattern: Pattern, **kwargs: Any) -> None:
        super().__init__(validate=pattern, **kwargs)
        self._matches: re.Pattern[str] = re.compile(str(pattern.regex.pattern))

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value (schemas/fast_check.py)."""
        return type(value) is str and self._matches.fullmatch(value) is not None


class Identifier(Matching):
    """An opaque id: 1 to 64 letters, digits, underscores or hyphens."""

    size = Size(1, 64)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Pattern(_ID, error="Not a valid id."), **kwargs)


class Whole(fields.Integer):
    """A JSON integer within bounds; no strings, no booleans, no fractions."""

    def __init__(self, *, least: int = 0, most: int = 2**53 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **kwargs)
        self._least, self._most = least, most

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value (schemas/fast_check.py)."""
        return type(value) is int and self._least <= value <= self._most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Flag(fields.Boolean):
    """A JSON boolean, and nothing that merely looks like one."""

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value (schemas/fast_check.py)."""
        return type(value) is bool

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.AwareDateTime):
    """A point in time, RFC 3339 with an offset; stored and written in UTC to the millisecond."""

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


def written(moment: datetime) -> str:
    """A moment in the contract's format: RFC 3339, UTC, milliseconds, `Z`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"  # without +00:00


class Day(fields.Date):
    """A calendar day, `YYYY-MM-DD`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise self.make_error("invalid", input=value, obj_type="date")
        return super()._deserialize(value, attr, data, **kwargs)


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


class Attributes(fields.Field[dict[str, Any]]):
    """A flat object of up to 50 names with text, number or boolean values."""

    size = Size(
        1 + MAX_ATTRIBUTE_COUNT,
        MAX_ATTRIBUTE_COUNT * (MAX_ATTRIBUTE_NAME + MAX_ATTRIBUTE_CHARACTERS),
    )
    default_error_messages = {
        "invalid": "Must be an object whose values are booleans, numbers, or text of up to "
        f"{MAX_ATTRIBUTE_CHARACTERS} characters.",
        "size": f"Must have at most {MAX_ATTRIBUTE_COUNT} names, each a letter followed by up to "
        "49 letters, digits or underscores.",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MAX_ATTRIBUTE_COUNT:
            raise self.make_error("size")
        for name, content in value.items():
            if not isinstance(name, str) or not _ATTRIBUTE_NAME.fullmatch(name):
                raise self.make_error("size")
            if not _is_attribute(content):
                raise self.make_error("invalid")
        return {
            name: texts.body(content) if isinstance(content, str) else content
            for name, content in value.items()
        }


def _is_attribute(content: object) -> bool:
    """Whether both the store and JSON can hold the value: no NaN, no integer beyond 2⁵³."""
    if isinstance(content, str):
        return len(content) <= MAX_ATTRIBUTE_CHARACTERS and not _LONE_SURROGATE.search(content)
    if isinstance(content, float):
        return math.isfinite(content)
    return isinstance(content, int) and abs(content) < 2**53


def currency(**kwargs: Any) -> fields.String:
    """A currency of ISO 4217 in use, as its three-letter code."""
    return fields.String(
        validate=validate.OneOf(CURRENCIES, error="Not a current ISO 4217 currency code."),
        metadata={"example": "USD", "enum": None},
        **kwargs,
    )


def one_of(*names: str) -> fields.String:
    """A word of a closed list, in responses; a test compares each list with the domain's."""
    return fields.String(required=True, validate=validate.OneOf(names))


class Strict(Schema):
    """A schema that refuses unknown fields and reports errors in the product's own format."""

    class Meta:
        unknown = RAISE
        ordered = True

    @cached_property
    def _fast_check(self) -> FastCheck:
        return FastCheck(self)

    @cached_property
    def _bounds(self) -> Bounds:
        return Bounds(self)

    @property
    def size(self) -> Size:
        """How large a payload may be."""
        return self._bounds.size

    def read(self, payload: object) -> dict[str, Any]:
        """Validate a decoded JSON payload.

        Raises:
            ParleyError: `validation_failed`, with a path and a sentence for each value at fault, at
                most 20.
        """
        if not isinstance(payload, Mapping):
            raise invalid("$", "The payload must be a JSON object.")
        values = self._fast_check.read(payload)
        if values is not None:
            return values
        excess = tuple(islice(self._bounds.excess(payload), MAX_ERRORS))
        if excess:
            raise _refused(excess)
        try:
            loaded: dict[str, Any] = self.load(payload)
        except ValidationError as error:
            raise _refused(islice(_flatten(error.messages), MAX_ERRORS)) from error
        return loaded


def _refused(errors: Iterable[FieldError]) -> ParleyError:
    field_errors = tuple(errors)
    paths = sorted({error.path for error in field_errors})
    message = f"Some values are invalid: {', '.join(paths[:5])}."
    if len(field_errors) == 1:
        message = f"{field_errors[0].path}: {field_errors[0].message}"
    return ParleyError(Code.VALIDATION_FAILED, message, errors=field_errors)


def _flatten(messages: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _flatten(
                inner, path if name == "_schema" else f"{path}.{name}" if path else str(name)
            )
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield FieldError(path or "$", str(message))
