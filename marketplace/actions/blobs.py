"""Write blobs, and delete those that nothing owns.

A blob is recorded before its first byte is written, and gets its owner in the transaction of what
owns it. So a process may die at any moment: what it leaves behind has a record without an owner,
and is deleted a day later.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import datetime, timedelta

from prometheus_client import Counter

from marketplace.domain.blobs import BlobRecord
from marketplace.errors import ParleyError, TemporaryError
from marketplace.ids import new_id
from marketplace.ports import World

KEPT_UNUSED_FOR = timedelta(days=1)
_BATCH = 100

_DELETED = Counter("parley_blobs_deleted_total", "Blobs deleted because nothing owned them")


async def put(
    world: World, chunks: AsyncIterator[bytes], *, name: str, media_type: str
) -> BlobRecord:
    """Write a blob that nothing owns yet; if `chunks` raises, nothing is left.

    Raises:
        TemporaryError: the store is down.
    """
    now = world.clock.now()
    record = BlobRecord(new_id(), name, media_type, created_at=now, unused_since=now)
    await world.store.blob_records.add(record)
    try:
        written = await world.files.blobs.write(record.id, chunks)
        return await world.store.blob_records.complete(record.id, written)
    except BaseException:
        with suppress(TemporaryError, ParleyError):
            await delete(world, [record.id])
        raise


async def delete(world: World, blob_ids: Collection[str]) -> None:
    """Delete blobs that nothing owns, or can own any more.

    Raises:
        TemporaryError: the store is down; the rest is deleted a day later.
    """
    for blob_id in blob_ids:
        await world.files.blobs.delete(blob_id)
    await world.store.blob_records.remove(blob_ids)
    _DELETED.inc(len(blob_ids))


async def delete_unused(world: World, before: datetime) -> None:
    """Delete the blobs that nothing has owned since before this moment.

    Raises:
        TemporaryError: the store is down.
    """
    while doomed := await world.store.blob_records.doom(before, _BATCH):
        await delete(world, doomed)
