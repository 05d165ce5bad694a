"""Every implementation of every port, one after the other."""

from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
import pytest_asyncio

from marketplace.ports import EntryLog, Store
from marketplace.storage import MongoStore
from marketplace.storage.entry_writer import EntryWriter
from tests import memory

NewEntryLog = Callable[[], EntryLog]


@pytest.fixture(params=["memory", "mongodb"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store."""
    if request.param == "memory":
        return memory.Store()
    return cast("Store", request.getfixturevalue("mongodb_store"))


@pytest_asyncio.fixture
async def new_entry_log(store: Store) -> AsyncIterator[NewEntryLog]:
    """A factory of entry logs over one store, one log for each simulated process."""
    opened: list[EntryWriter] = []

    def make() -> EntryLog:
        if isinstance(store, MongoStore):
            opened.append(EntryWriter(store.entries))
            return opened[-1]
        return memory.EntryLog(cast("memory.Store", store))

    yield make
    for log in opened:
        await log.close()
