"""One stack for all journeys: started when the first asks for it, gone after the last."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from embedded.running import Running
from embedded.stack import running
from marketplace.bootstrap import open_parts
from marketplace.settings import from_environment
from tests.journeys.people import Person, an_admin
from tests.journeys.site import Site


@pytest.fixture(scope="session")
def stack() -> Iterator[Running]:
    """Every server and process; with raised limits, since all people here have one address."""
    with running(environment={"PARLEY_LIMIT_SCALE": "1000"}) as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def site(stack: Running) -> AsyncIterator[Site]:
    """The stack with a client for it."""
    settings = from_environment({**stack.environment, "PARLEY_PROCESS_NAME": "journeys"})
    async with (
        open_parts(settings) as parts,
        httpx.AsyncClient(base_url=stack.url("nginx"), trust_env=False, timeout=30) as client,
    ):
        yield Site(stack, client, parts)


@pytest_asyncio.fixture(scope="session")
async def admin(site: Site) -> Person:
    """Who approves the vendors."""
    return await an_admin(site)
