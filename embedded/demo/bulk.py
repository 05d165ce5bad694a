"""Inserts many documents with few writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.storage import MongoStore
from marketplace.storage.collection import away_is_temporary
from marketplace.storage.documents import to_document
from marketplace.storage.vendors import vendor_document

BATCH = 2_500  # some 1.5 MB of vendors; larger batches are no faster


async def insert_missing(store: MongoStore, name: str, values: Sequence[Any]) -> None:
    """Insert the values whose id is not in the collection yet; durable when this returns.

    Raises:
        TemporaryError: MongoDB is unreachable.
    """
    for start in range(0, len(values), BATCH):
        async with away_is_temporary(None):
            await _insert_missing(store, name, values[start : start + BATCH])


async def insert_together(
    store: MongoStore, documents: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Insert documents, by collection, in one transaction.

    Raises:
        TemporaryError: MongoDB is unreachable.
    """
    database = store.database

    async def work(session: Any) -> None:
        for name, inserted in documents.items():
            await database[name].insert_many(inserted, session=session)

    async with away_is_temporary(None), await database.client.start_session() as session:
        await session.with_transaction(work, write_concern=database.write_concern)


async def _insert_missing(store: MongoStore, name: str, values: Sequence[Any]) -> None:
    collection = store.database[name]
    write = vendor_document if name == "vendors" else to_document
    documents = [write(value) for value in values]
    ids = [document["_id"] for document in documents]
    existing = await collection.find({"_id": {"$in": ids}}, {"_id": 1}).to_list(None)
    existing_ids = {document["_id"] for document in existing}
    missing = [document for document in documents if document["_id"] not in existing_ids]
    if missing:
        await collection.insert_many(missing, ordered=False)
