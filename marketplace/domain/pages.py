"""Pages of a list, continued behind the last item."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many items to give, and behind which id to go on (newest first)."""

    limit: int = 50
    before_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and where the next ones begin (REST seals it as a cursor); None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None
