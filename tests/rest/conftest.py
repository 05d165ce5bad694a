"""The real app on a free port with real servers, and clients that check every response.

Each response is validated against the OpenAPI document: an undocumented status or body fails the
test that received it.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from marketplace import passwords
from marketplace.settings import Settings
from tests.mongo_proxy import proxied_mongodb
from tests.rest.people import Rest
from tests.rest.processes import in_process
from tests.rest.repeatable import Elsewhere


@pytest.fixture(scope="module", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hash with 1 MiB in one pass: these tests hash thousands of passwords on two cores.

    tests/contracts/test_passwords.py tests the parameters of the product.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            passwords, "PasswordHasher", lambda: PasswordHasher(time_cost=1, memory_cost=1_024)
        )
        yield


@pytest_asyncio.fixture(scope="module")
async def rest(settings: Settings) -> AsyncIterator[Rest]:
    """The service for a module, with limits too high to interfere with tests."""
    async with in_process(replace(settings, limit_scale=1_000.0)) as rest:
        yield rest
        await rest.parts.store.database.client.drop_database(settings.mongodb_database)


@pytest_asyncio.fixture(scope="module")
async def second_process(rest: Rest, settings: Settings) -> AsyncIterator[Elsewhere]:
    """A second process alongside `rest`, for the module."""
    raised = replace(settings, limit_scale=1_000.0)
    async with proxied_mongodb(raised) as (proxy, through), in_process(through) as other:
        yield Elsewhere(proxy, other, through)
        proxy.open()


@pytest.fixture
def elsewhere(second_process: Elsewhere) -> Iterator[Elsewhere]:
    """The second process; its proxy is open before and after each test."""
    second_process.proxy.open()
    yield second_process
    second_process.proxy.open()
