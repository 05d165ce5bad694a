"""Whole numbers and booleans."""

from typing import Any

from marshmallow import fields, validate


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
