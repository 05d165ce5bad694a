"""The real app on a free port over real servers, and clients whose every answer is checked.

Each response that a test gets is held against the OpenAPI document: a status or a body that the
document does not know fails the test that met it.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from marketplace.settings import Settings
from tests.rest.people import Rest
from tests.rest.processes import in_process


@pytest_asyncio.fixture(scope="module")
async def rest(settings: Settings) -> AsyncIterator[Rest]:
    """The service of a module, with limits that tests do not meet unless they mean to."""
    async with in_process(replace(settings, limit_scale=1_000.0)) as rest:
        yield rest
        await rest.parts.store.database.client.drop_database(settings.mongodb_database)
