"""The records of blobs: what owns a blob, and when it may be deleted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain.blobs import Written
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_blob_record
from tests.contracts.helpers import concurrently

DAY = timedelta(days=1)
WRITTEN = Written(7, "a" * 64)


async def test_a_record_comes_back_equal(store: Store) -> None:
    """Before and after its bytes were written; an unknown one is None."""
    record = a_blob_record()
    await store.blob_records.add(record)
    assert await store.blob_records.get(record.id) == record

    whole = await store.blob_records.complete(record.id, WRITTEN)

    assert whole == replace(record, bytes=7, sha256="a" * 64)
    assert await store.blob_records.get(record.id) == whole
    assert await store.blob_records.get("unknown") is None


async def test_what_is_owned_is_not_deleted(store: Store) -> None:
    """Only what nothing has owned for long enough, oldest first."""
    old, older, owned, new = (
        a_blob_record(unused_since=NOW - age) for age in (DAY, 2 * DAY, 3 * DAY, DAY / 2)
    )
    for record in (old, older, owned, new):
        await store.blob_records.add(record)
    await store.blob_records.own([owned.id], "attachment:a1")

    assert await store.blob_records.doom(NOW - DAY / 2, 1) == [older.id]
    assert await store.blob_records.doom(NOW - DAY / 2, 10) == [older.id, old.id]


async def test_what_was_disowned_is_deleted_later(store: Store) -> None:
    """All blobs of an owner, and no others."""
    mine, theirs = a_blob_record(), a_blob_record()
    for record, owner in ((mine, "attachment:a1"), (theirs, "attachment:a2")):
        await store.blob_records.add(record)
        await store.blob_records.own([record.id], owner)

    assert await store.blob_records.disown("attachment:a1", NOW - DAY) == [mine.id]

    assert await store.blob_records.doom(NOW, 10) == [mine.id]
    kept = await store.blob_records.get(theirs.id)
    assert kept is not None
    assert kept.owner == "attachment:a2"


async def test_what_is_being_deleted_gets_no_owner(store: Store) -> None:
    """And is not completed either: its bytes may be gone already."""
    record = a_blob_record(unused_since=NOW - DAY)
    await store.blob_records.add(record)
    assert await store.blob_records.doom(NOW, 10) == [record.id]

    for late in (
        store.blob_records.own([record.id], "attachment:a1"),
        store.blob_records.complete(record.id, WRITTEN),
    ):
        with pytest.raises(ParleyError) as refused:
            await late
        assert refused.value.code is Code.UNAVAILABLE

    await store.blob_records.remove([record.id])
    assert await store.blob_records.get(record.id) is None


async def test_of_an_owner_and_a_deletion_at_a_time_one_happens(store: Store) -> None:
    """A blob is either owned or deleted, never both."""
    for _ in range(10):
        record = a_blob_record(unused_since=NOW - DAY)
        await store.blob_records.add(record)

        async def own(to: Repositories, blob_id: str = record.id) -> None:
            await to.blob_records.own([blob_id], "attachment:a1")

        owned, doomed = await concurrently(store.transact(own), store.blob_records.doom(NOW, 10))

        kept = await store.blob_records.get(record.id)
        assert kept is not None
        assert (kept.owner is None) == isinstance(owned, ParleyError)
        assert isinstance(doomed, list)
        assert (record.id in doomed) == (kept.owner is None)
        await store.blob_records.remove([record.id])
