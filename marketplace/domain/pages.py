"""Pages of a list; each continues after the last item of the one before."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many items to return, and the id after which to continue (newest first)."""

    limit: int = 50
    before_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items and the cursor of the next page (sealed by REST); None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None
