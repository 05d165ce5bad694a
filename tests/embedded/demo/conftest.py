"""The demonstration data, loaded once for all tests that only read it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio

from embedded.demo.data import load
from marketplace.bootstrap import Parts, open_parts
from marketplace.settings import from_environment


def environment_of(mongodb_url: str, redis_url: str) -> dict[str, str]:
    """The environment of a process, with a separate database."""
    return {
        "MONGODB_URL": mongodb_url,
        "MONGODB_DATABASE": f"test-{secrets.token_hex(6)}",
        "REDIS_URL": redis_url,
        "PARLEY_TOKEN_SECRET": secrets.token_hex(32),
    }


@dataclass(slots=True)
class Loaded:
    """Loaded demonstration data: how to reach it, how long it took, and the progress reports."""

    environment: dict[str, str]
    parts: Parts
    took_s: float = 0.0
    reports: list[str] = field(default_factory=list)

    async def load(self) -> float:
        """Load (again), as a starting stack does; returns the seconds it took."""
        began_at = time.monotonic()
        await asyncio.to_thread(load, self.environment, self.reports.append)
        return time.monotonic() - began_at

    async def counts(self) -> dict[str, int]:
        """The number of documents in each collection."""
        database = self.parts.store.database
        return {
            name: await database[name].count_documents({})
            for name in await database.list_collection_names()
        }


@pytest_asyncio.fixture(scope="package")
async def loaded(mongodb_url: str, redis_url: str) -> AsyncIterator[Loaded]:
    """The complete demonstration data; tests only read it."""
    environment = environment_of(mongodb_url, redis_url)
    async with open_parts(from_environment(environment)) as parts:
        loaded = Loaded(environment, parts)
        loaded.took_s = await loaded.load()
        yield loaded
        await parts.store.database.client.drop_database(environment["MONGODB_DATABASE"])
