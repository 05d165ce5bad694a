"""Whole numbers, numbers with three decimals, and booleans."""

import decimal
from typing import Any

from marshmallow import fields, validate

from marketplace.domain.quote_lines import number_of
from marketplace.schemas.bounds import Size


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


class ThreeDecimals(fields.Field[int]):
    """A JSON number with at most three decimals, loaded exactly: as whole thousandths.

    `least` and `most` are thousandths too.
    """

    size = Size(1, 20)
    default_error_messages = {
        "invalid": "Must be a number with at most three decimals.",
        "range": "Must be from {least} to {most}.",
    }

    def __init__(self, *, least: int = 0, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = number_of(least), number_of(most)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else number_of(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        # Compared first: an integer may have thousands of digits, and NaN is never in range.
        if not self.least <= value <= self.most:
            raise self.make_error("range", least=self.least, most=self.most)
        thousandths = decimal.Decimal(repr(value)) * 1_000
        if thousandths != int(thousandths):
            raise self.make_error("invalid")
        return int(thousandths)


class Flag(fields.Boolean):
    """A JSON boolean, and nothing that merely looks like one."""

    def accepts(self, value: object) -> bool:
        """Whether the fast path accepts the value (schemas/fast_check.py)."""
        return type(value) is bool

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value
