"""Many documents in few writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.storage import MongoStore
from marketplace.storage.collection import away_is_temporary
from marketplace.storage.documents import to_document
from marketplace.storage.vendors import vendor_document

BATCH = 2_500  # some 1.5 MB of vendors; larger batches are no faster


async def insert_missing(store: MongoStore, name: str, values: Sequence[Any]) -> None:
    """Insert those values whose id the collection does not have yet; durable when this returns.

    Raises:
        TemporaryError: MongoDB is away.
    """
    for start in range(0, len(values), BATCH):
        async with away_is_temporary(None):
            await _insert_missing(store, name, values[start : start + BATCH])


async def insert_together(
    store: MongoStore, documents: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Insert documents, by collection, in one transaction: all of them or none.

    Raises:
        TemporaryError: MongoDB is away.
    """
    database = store.database

    async def work(session: Any) -> None:
        for name, ready in documents.items():
            await database[name].insert_many(ready, session=session)

    async with away_is_temporary(None), await database.client.start_session() as session:
        await session.with_transaction(work, write_concern=database.write_concern)


async def _insert_missing(store: MongoStore, name: str, values: Sequence[Any]) -> None:
    collection = store.database[name]
    write = vendor_document if name == "vendors" else to_document
    documents = [write(each) for each in values]
    ids = [each["_id"] for each in documents]
    found = await collection.find({"_id": {"$in": ids}}, {"_id": 1}).to_list(None)
    there = {each["_id"] for each in found}
    missing = [each for each in documents if each["_id"] not in there]
    if missing:
        await collection.insert_many(missing, ordered=False)
