"""The admin of all journeys."""

import pytest_asyncio

from tests.journeys.people import Person, an_admin
from tests.journeys.site import Site


@pytest_asyncio.fixture(scope="session")
async def admin(site: Site) -> Person:
    """The admin who approves the vendors."""
    return await an_admin(site)
