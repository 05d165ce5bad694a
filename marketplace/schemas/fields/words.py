"""Strings of a fixed form: ids, currency codes, and the words of a closed list."""

import re
from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace.inputs.currencies import CURRENCIES
from marketplace.schemas.bounds import Size

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


def currency(**kwargs: Any) -> fields.String:
    """A currency of ISO 4217 in use, as its three-letter code."""
    return fields.String(
        validate=validate.OneOf(CURRENCIES, error="Not a current ISO 4217 currency code."),
        metadata={"example": "USD", "enum": None},
        **kwargs,
    )


def one_of(words: Iterable[str], **kwargs: Any) -> fields.String:
    """A word of a closed list, usually a `StrEnum` of the domain."""
    return fields.String(validate=validate.OneOf([str(word) for word in words]), **kwargs)


class Language(fields.String):
    """A language tag such as `en` or `en-US` (RFC 5646)."""

    size = Size(1, 64)


def language(**kwargs: Any) -> fields.String:
    """A language tag such as `en` or `en-US` (RFC 5646)."""
    return Language(validate=Pattern(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"), **kwargs)
