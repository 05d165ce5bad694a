"""The common case of a payload, checked in 2 µs where marshmallow takes 50.

A gateway checks some ten thousand payloads a second, nearly all of them good.  A field that can tell
at a glance whether a value is valid as it stands has a method `accepts`; a schema all of whose fields
have one is checked with these alone.  What they do not accept goes to marshmallow, which has the last
word and words the errors.  A test holds that what is accepted here marshmallow loads to the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from marshmallow import Schema, fields, missing

_REQUIRED = object()


class Accepting(Protocol):
    """A field that knows its valid values at a glance."""

    def accepts(self, value: object) -> bool:
        """Whether the value is valid and loads to itself; False also when in doubt."""


_Check = tuple[str, Callable[[object], bool], Any]


class FastCheck:
    """What a schema's payloads usually look like; made once for each schema."""

    def __init__(self, schema: Schema) -> None:
        self._checks: list[_Check] = []
        # What a schema checks across its fields, and what it renames, is marshmallow's.
        self._is_possible = not any(schema._hooks.values())
        for name, field in schema.fields.items():
            accepts = _accepts(field)
            if accepts is None or field.data_key or field.attribute:
                self._is_possible = False
                return
            default = _REQUIRED if field.required else field.load_default
            self._checks.append((name, accepts, default))

    def read(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """The payload's values with defaults filled in; None when marshmallow must look."""
        if not self._is_possible:
            return None
        values: dict[str, Any] = {}
        seen = 0
        for name, accepts, default in self._checks:
            value = payload.get(name, missing)
            if value is not missing:
                if not accepts(value):
                    return None
                seen += 1
                values[name] = value
            elif default is _REQUIRED:
                return None
            elif default is not missing:
                values[name] = default() if callable(default) else default
        return values if seen == len(payload) else None


def _accepts(field: fields.Field[Any]) -> Callable[[object], bool] | None:
    accepts: Callable[[object], bool] | None = getattr(field, "accepts", None)
    if isinstance(field, fields.List):
        accepts = _is_empty_list  # what is in a list is rare enough for marshmallow
    if accepts is None or not field.allow_none:
        return accepts
    known = accepts
    return lambda value: value is None or known(value)


def _is_empty_list(value: object) -> bool:
    return type(value) is list and not value
