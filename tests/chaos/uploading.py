"""Opens two separate `rest` processes for uploaders; finally reads everything back, and sweeps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import httpx

from marketplace.actions.sweeping import sweep
from marketplace.bootstrap import Parts
from tests.chaos.history import now
from tests.chaos.load import Load
from tests.chaos.rests import two_rests
from tests.chaos.uploads import Left, Uploader
from tests.journeys.people import registered, somewhere
from tests.journeys.site import Site


class _ADayLater:
    """A clock that makes everything unused old enough for the sweep."""

    def now(self) -> datetime:
        """The time in 25 hours."""
        return datetime.now(UTC) + timedelta(hours=25)


@asynccontextmanager
async def uploading(site: Site, load: Load, count: int) -> AsyncIterator[None]:
    """Let this many customers upload while the load runs; then check what they can read."""
    if not count:
        yield
        return
    database = {"MONGODB_DATABASE": site.parts.settings.mongodb_database}
    limits = httpx.Limits(max_connections=None)
    async with (
        two_rests({**site.running.environment, **database}) as load.rests,
        httpx.AsyncClient(
            base_url=load.rests.url, trust_env=False, timeout=30, limits=limits
        ) as http,
    ):
        there = replace(site, http=http)
        for number in range(count):
            customer = await registered(there, "customer", "Carla Reyes")
            load.upload(Uploader(number, customer, somewhere(), load.history, Random(number)))
        yield
        await _read_back(load.uploaders, is_swept=False)
        await sweep(replace(site.parts.world, clock=_ADayLater()))
        await _read_back(load.uploaders, is_swept=True)
        account_ids = [uploader.customer.id for uploader in load.uploaders]
        load.history.add(await _left(site.parts, account_ids))


async def _read_back(uploaders: list[Uploader], *, is_swept: bool) -> None:
    for uploader in uploaders:
        await uploader.read_back(is_swept=is_swept)


async def _left(parts: Parts, account_ids: list[str]) -> Left:
    """What the collections of files contain."""
    database = parts.store.database
    condition = {"account_id": {"$in": account_ids}}
    stored = await database["attachments"].find(condition).to_list(None)
    blobs = await database["blobs"].find().to_list(None)
    files = await database["blob_bytes.files"].distinct("_id")
    chunks = await database["blob_bytes.chunks"].distinct("files_id")
    records = {blob["_id"] for blob in blobs}
    strays = [
        *(f"blob {blob['_id']} without an owner" for blob in blobs if blob.get("owner") is None),
        *(f"file {id_} without a record" for id_ in set(files) - records),
        *(f"chunks {id_} without a file" for id_ in set(chunks) - set(files)),
    ]
    return Left(now(), tuple(attachment["_id"] for attachment in stored), tuple(strays))
