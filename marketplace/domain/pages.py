"""Pages of a list; each continues after the last item of the one before."""

from collections.abc import AsyncIterator, Awaitable, Callable
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


async def every_item(
    read: Callable[[PageRequest], Awaitable[Page[T]]], limit: int = 100
) -> AsyncIterator[T]:
    """Every item of a list, of which `read` returns one page."""
    cursor: str | None = None
    while True:
        page = await read(PageRequest(limit, cursor))
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return
