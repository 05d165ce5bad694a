"""Many documents in few writes."""

from collections.abc import Sequence
from typing import Any

from marketplace.storage import MongoStore
from marketplace.storage.documents import to_document

BATCH = 2_500  # some 1.5 MB of vendors; larger batches are no faster


async def insert_missing(store: MongoStore, name: str, values: Sequence[Any]) -> None:
    """Insert those values whose id the collection does not have yet; durable when this returns."""
    collection = store.database[name]
    for start in range(0, len(values), BATCH):
        documents = [to_document(each) for each in values[start : start + BATCH]]
        ids = [each["_id"] for each in documents]
        found = await collection.find({"_id": {"$in": ids}}, {"_id": 1}).to_list(None)
        there = {each["_id"] for each in found}
        missing = [each for each in documents if each["_id"] not in there]
        if missing:
            await collection.insert_many(missing, ordered=False)
