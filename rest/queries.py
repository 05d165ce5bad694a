"""Query parameters, parsed by schemas, and pages."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from marshmallow import fields

from marketplace.domain.pages import MAX_LIMIT, Page, PageRequest
from marketplace.errors import Code, FieldError, ParleyError, invalid
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.places import Place
from marketplace.schemas.strict import Strict

T = TypeVar("T")
_MAX_PARAMETERS = 20
# A number as in JSON (RFC 8259, section 6); clients print their own floats.
_NUMBER = r"-?[0-9]{1,20}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?"
_DIRECTION = re.compile(r"(after|before)([0-9]{1,16})")
_NEAR = re.compile(rf"({_NUMBER}),({_NUMBER})")


class Number(Whole):
    """A whole number as text: digits only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,16}", value) is None:
            raise self.make_error("invalid", input=value)
        return super()._deserialize(int(value), attr, data, **kwargs)


class YesOrNo(fields.Boolean):
    """A boolean as text: `true` or `false`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise self.make_error("invalid", input=value)
        return bool(value == "true")


class Near(fields.Field[dict[str, Any]]):
    """A place as `longitude,latitude` in decimal degrees."""

    default_error_messages = {"invalid": "Must be longitude,latitude in decimal degrees."}  # noqa: RUF012

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        match = _NEAR.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("invalid")
        pair = [float(match[1]), float(match[2])]
        place: dict[str, Any] = Place().deserialize({"type": "Point", "coordinates": pair})
        return place


class Cursor(fields.String):
    """A cursor; `read_query` replaces it by its position."""


class NoQuery(Strict):
    """No parameters."""


class PageQuery(Strict):
    """Up to `limit` items after `cursor`."""

    limit = Number(load_default=50, least=1, most=MAX_LIMIT)
    cursor = Cursor(load_default=None)


def read_query(
    schema: Strict, query_string: str, open_cursor: Callable[[str], str]
) -> dict[str, Any]:
    """The parameters as values, with a cursor replaced by its position.

    Raises:
        ParleyError: `malformed`; `validation_failed`, also for unknown and repeated parameters.
    """
    try:
        pairs = parse_qsl(
            query_string, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except ValueError as error:
        raise ParleyError(Code.MALFORMED, "The query string could not be parsed.") from error
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        names = [name for name, _ in pairs]
        errors = [
            FieldError(name, "Must be given only once.")
            for name in sorted(parameters)
            if names.count(name) > 1
        ]
        raise ParleyError(
            Code.VALIDATION_FAILED, "Each query parameter may be given only once.", errors=errors
        )
    if "cursor" in schema.fields and "cursor" in parameters:
        parameters["cursor"] = open_cursor(parameters["cursor"])
    return schema.read(parameters)


def page_request(query: dict[str, Any]) -> PageRequest:
    """The page that a `PageQuery` asks for."""
    return PageRequest(query["limit"], query["cursor"])


def slice_page(items: Sequence[T], request: PageRequest, id_of: Callable[[T], str]) -> Page[T]:
    """One page of a list that is in memory as a whole.

    Raises:
        ParleyError: `validation_failed` when the cursor's item is gone.
    """
    start = 0
    if request.before_id is not None:
        ids = [id_of(item) for item in items]
        if request.before_id not in ids:
            raise invalid("cursor", "The list has changed. Start again without a cursor.")
        start = ids.index(request.before_id) + 1
    page_items = tuple(items[start : start + request.limit])
    has_more = len(items) > start + request.limit
    return Page(page_items, id_of(page_items[-1]) if has_more else None)


def numbered_page(
    items: Sequence[T], request: PageRequest, number_of: Callable[[T], int]
) -> Page[T]:
    """One page of a numbered list, of which `limit` + 1 items were read."""
    page_items = tuple(items[: request.limit])
    has_more = len(items) > request.limit
    return Page(page_items, str(number_of(page_items[-1])) if has_more else None)


def read_direction(position: str | None) -> tuple[int | None, int | None]:
    """The number after which a feed's next page continues, or the one before which it does.

    `position` is what `next_direction` returned; both numbers are None if there is none.
    """
    found = _DIRECTION.fullmatch(position or "")
    if found is None:
        return None, None
    number = int(found[2])
    return (number, None) if found[1] == "after" else (None, number)


def next_direction(numbers: Sequence[int], *, has_more: bool, is_forward: bool) -> str | None:
    """The position after a page of a feed with these numbers, in its direction; None at the end."""
    if not has_more:
        return None
    return f"after{numbers[-1]}" if is_forward else f"before{numbers[0]}"
