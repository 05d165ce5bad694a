"""The base class of every schema: unknown fields are errors, and each error has its path.

It also writes a value once for all its readers.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from marketplace.errors import MAX_ERRORS, Code, FieldError, ParleyError, invalid
from marketplace.schemas.bounds import Bounds, Size
from marketplace.schemas.fast_check import FastCheck

# A change is written for its event, its push and its answer within one request. The cache holds the
# values themselves, so an id in it belongs to no other value.
_MAX_WRITTEN = 32
_WRITTEN: OrderedDict[tuple[type[Schema], int], tuple[object, dict[str, Any]]] = OrderedDict()


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

    def write(self, value: object) -> dict[str, Any]:
        """A frozen value as JSON values, dumped once and then shared: do not change the result."""
        key = (type(self), id(value))
        known = _WRITTEN.get(key)
        if known is not None:
            return known[1]
        written: dict[str, Any] = self.dump(value)
        _WRITTEN[key] = (value, written)
        if len(_WRITTEN) > _MAX_WRITTEN:
            _WRITTEN.popitem(last=False)
        return written


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
