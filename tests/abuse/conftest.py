"""A stack at the default limits, for the sample of attacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from embedded.servers.running import Running
from embedded.stack import running
from tests.abuse.play import People, people


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the stack's data and logs."""
    return tmp_path_factory.mktemp("abuse")


@pytest.fixture(scope="module")
def unscaled(data: Path) -> Iterator[Running]:
    """Every server and process, with the default limits."""
    with running(data=data, environment={"PARLEY_LIMIT_SCALE": "1"}) as started:
        yield started


@pytest_asyncio.fixture(scope="module")
async def seeded(unscaled: Running) -> People:
    """Good people and hostile ones."""
    return await people(unscaled)
