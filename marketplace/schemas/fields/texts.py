"""Text that people type: cleaned, then measured."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validate

from marketplace.inputs import texts

LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Unicode(fields.String):
    """A string that UTF-8 can encode: no lone surrogates, which JSON escapes can contain."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if LONE_SURROGATE.search(text):
            raise ValidationError("Not valid Unicode text.")
        return text


class Text(Unicode):
    """A non-blank text of several lines, cleaned by `inputs.texts.body`.

    `longest` counts code points after cleaning.
    """

    shortest = 1

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        limits = validate.Length(min=self.shortest or None, max=longest)
        super().__init__(validate=limits, **kwargs)
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
                value.isprintable() or (texts.is_clean(value) and not LONE_SURROGATE.search(value))
            )
            and not texts.is_blank(value)
        )

    def _clean(self, text: str) -> str:
        return texts.body(text)


class Caption(Text):
    """A text that may be blank: then it is empty.

    Its schema decides whether it may. The fast path takes no blank text.
    """

    shortest = 0

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = Unicode._deserialize(self, value, attr, data, **kwargs)
        text = as_read(self._clean, text)
        return "" if texts.is_blank(text) else text


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
