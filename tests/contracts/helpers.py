"""Helpers that several modules of the suite use."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from marketplace.domain.pages import Page, PageRequest

T = TypeVar("T")


async def all_pages(read: Callable[[PageRequest], Awaitable[Page[T]]], limit: int) -> list[list[T]]:
    """Follow the cursors to the end; returns the items of each page."""
    pages: list[list[T]] = []
    before_id: str | None = None
    while True:
        page = await read(PageRequest(limit, before_id))
        pages.append(list(page.items))
        if page.next_cursor is None:
            return pages
        before_id = page.next_cursor


async def concurrently(*calls: Awaitable[T]) -> list[T | BaseException]:
    """Run all calls concurrently; returns each result or exception."""
    return await asyncio.gather(*calls, return_exceptions=True)
