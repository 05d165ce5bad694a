"""The admin of all journeys, and a browser for each module."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.journeys.browsers import a_browser
from tests.journeys.people import Person, an_admin
from tests.journeys.site import Site


@pytest_asyncio.fixture(scope="session")
async def admin(site: Site) -> Person:
    """The admin who approves the vendors."""
    return await an_admin(site)


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the module; each person has a separate context."""
    async with a_browser() as running:
        yield running
