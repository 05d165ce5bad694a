"""The next load completes one that was interrupted."""

import asyncio
import os
import sys

import pytest

from embedded.demo.data import VENDORS
from embedded.paths import CHECKOUT
from marketplace.bootstrap import open_parts
from marketplace.settings import from_environment
from marketplace.storage import MongoStore
from tests.embedded.demo.conftest import Loaded, environment_of


async def _kill_when(store: MongoStore, environment: dict[str, str], name: str, count: int) -> None:
    """Start loading in a separate process, and kill it once a collection has this many documents."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "embedded.loading",
        env=os.environ | environment, cwd=CHECKOUT, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while await store.database[name].count_documents({}) < count:
                assert process.returncode is None, "it ended before it could be killed"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.long
async def test_a_repeatedly_killed_load_completes_without_duplicates(
    loaded: Loaded, mongodb_url: str, redis_url: str
) -> None:
    """A load killed among the vendors and in two conversations is completed; nothing is doubled."""
    environment = environment_of(mongodb_url, redis_url)
    async with open_parts(from_environment(environment)) as parts:
        second = Loaded(environment, parts)
        try:
            await _kill_when(parts.store, environment, "vendors", 6_000)
            assert await parts.store.database["vendors"].count_documents({}) < VENDORS
            await _kill_when(parts.store, environment, "entries", 40)
            await _kill_when(parts.store, environment, "entries", 160)
            assert await parts.store.database["demo_data"].count_documents({}) == 0

            await second.load()

            # An applicant's unfinished profile is saved again, which adds its event again.
            events = {"outbox"}
            before, after = await loaded.counts(), await second.counts()
            assert {k: v for k, v in after.items() if k not in events} == {
                k: v for k, v in before.items() if k not in events
            }
            assert before["outbox"] <= after["outbox"] <= before["outbox"] + 3
        finally:
            await parts.store.database.client.drop_database(environment["MONGODB_DATABASE"])
