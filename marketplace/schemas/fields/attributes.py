"""Attributes: whatever else a customer says about an RFI, by name."""

import math
import re
from typing import Any

from marshmallow import fields

from marketplace.inputs import texts
from marketplace.schemas.bounds import Size
from marketplace.schemas.fields.texts import LONE_SURROGATE

MAX_ATTRIBUTE_COUNT = 50
MAX_ATTRIBUTE_NAME = 50
MAX_ATTRIBUTE_CHARACTERS = 500
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


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
        return len(content) <= MAX_ATTRIBUTE_CHARACTERS and not LONE_SURROGATE.search(content)
    if isinstance(content, float):
        return math.isfinite(content)
    return isinstance(content, int) and abs(content) < 2**53
