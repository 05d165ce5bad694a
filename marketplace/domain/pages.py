"""Pages of a list, continued by an opaque cursor."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

from marketplace.errors import Code, FieldError, ParleyError

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many items to give, and behind which id to go on (newest first)."""

    limit: int = 50
    before_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursor for the next ones; None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


def cursor_of(last_id: str) -> str:
    """The cursor behind an id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The id a cursor stands for.

    Raises:
        ParleyError: `validation_failed` for anything that was not given out as a cursor.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        last_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _not_a_cursor() from error
    if not last_id.isalnum() or len(last_id) > 64:
        raise _not_a_cursor()
    return last_id


def _not_a_cursor() -> ParleyError:
    found = FieldError("cursor", "Take a cursor from next_cursor as it is.")
    return ParleyError(Code.VALIDATION_FAILED, found.message, errors=[found])
