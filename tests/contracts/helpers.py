"""Helpers that several modules of the suite use."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Rfi
from marketplace.ports import Store
from tests.builders import a_revision, an_rfi

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


async def add_rfi(store: Store, rfi: Rfi | None = None) -> Rfi:
    """Store an RFI with its first revision."""
    rfi = rfi or an_rfi()
    await store.transact(lambda to: to.rfis.add(rfi, a_revision(rfi)))
    return rfi


async def save_rfi(store: Store, rfi: Rfi) -> None:
    """Save an RFI with the revision that brought it to its state."""
    await store.transact(lambda to: to.rfis.save(rfi, a_revision(rfi)))


async def stored_rfi(store: Store, rfi_id: str) -> Rfi:
    """The RFI, which must exist."""
    found = await store.rfis.get(rfi_id)
    assert found is not None
    return found
