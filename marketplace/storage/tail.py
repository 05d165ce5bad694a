"""Committed events and entries in the order of their commits, for the relay.

One change stream over two collections: the outbox, and the conversations' entries, which are their
own events.  It uses PyMongo's asyncio client and not motor: motor hands each document of a change
stream over from a thread, 7,000 a second, where PyMongo's own reads 54,000.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pymongo import AsyncMongoClient
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from marketplace.domain.conversations import Entry
from marketplace.errors import TemporaryError
from marketplace.settings import Settings
from marketplace.storage.collection import is_away
from marketplace.storage.documents import from_document

LOG = logging.getLogger(__name__)
MAX_BATCH = 1_000
_WAIT_MS = 250
# Commit order and `occurred_at` may differ by a transaction's deadline and the clocks' skew.
_MARGIN = timedelta(minutes=10)
_PIPELINE: Sequence[Mapping[str, Any]] = (
    {"$match": {"operationType": "insert", "ns.coll": {"$in": ["outbox", "entries"]}}},
    {"$project": {"ns.coll": 1, "fullDocument": 1}},
)

Token = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """An encoded event from the outbox; `position` is the revision it made, if it made one."""

    id: str
    topic: str
    key: str
    name: str
    value: bytes
    position: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What was committed next, and the token behind it (None while an old stretch is re-read)."""

    committed: tuple[OutboxRecord | Entry, ...]
    token: Token | None


class Tail:
    """Reads what was committed since the position kept in `relay_positions`."""

    def __init__(self, settings: Settings) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            settings.mongodb_url,
            appname=f"{settings.process_name}-tail",
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=20_000,
            tz_aware=True,
        )
        self._database = self._client[settings.mongodb_database]
        self._positions = self._database["relay_positions"]
        # That of the position that was read: whoever moves it on after a restore is not overwritten.
        self._epoch: str | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Batches in commit order, from the kept position on; an empty one about every 250 ms.

        Without a position (the first start), or when the server refuses it (the oplog does not reach
        back to it, or it cannot be read), what is kept in the collections is read anew from then on:
        records are sent again, none is left out.

        Raises:
            TemporaryError: when the server is away; go on with a new call.
        """
        try:
            kept = await self._positions.find_one({"_id": "relay"})
            token = kept["token"] if kept else None
            self._epoch = kept.get("epoch") if kept else None
            try:
                async for batch in self._follow(token, since=None if token else _EVER):
                    yield batch
            except OperationFailure as error:
                if kept is None or is_away(error):
                    raise
                LOG.warning("the position is of no use", extra={"why": str(error)[:300]})
                async for batch in self._follow(None, since=kept["at"] - _MARGIN):
                    yield batch
        except PyMongoError as error:
            raise TemporaryError(f"MongoDB: {type(error).__name__}") from error

    async def keep_position(self, token: Token, now: datetime) -> None:
        """Note that everything up to the token is in Kafka.

        Raises:
            TemporaryError: when the server is away; when the database was restored, and a new call of
                `batches` is to begin at the position that the restore left.
        """
        try:
            await self._positions.update_one(
                {"_id": "relay", "epoch": self._epoch},
                {"$set": {"token": dict(token), "at": now}},
                upsert=True,
            )
        except DuplicateKeyError as error:
            raise TemporaryError("the database was restored") from error
        except PyMongoError as error:
            raise TemporaryError(f"MongoDB: {type(error).__name__}") from error

    async def _follow(
        self, token: Token | None, since: datetime | Literal["ever"] | None
    ) -> AsyncIterator[Batch]:
        # The stream is opened before the old stretch is read, so that nothing falls between.
        stream = await self._database.watch(
            list(_PIPELINE), resume_after=token, max_await_time_ms=_WAIT_MS, batch_size=MAX_BATCH
        )
        async with stream:
            if since is not None:
                async for batch in self._old_stretch(None if since == _EVER else since):
                    yield batch
            while stream.alive:
                yield await _next_batch(stream)

    async def _old_stretch(self, since: datetime | None) -> AsyncIterator[Batch]:
        """What the collections hold since a moment; in order for each key."""
        outbox = {} if since is None else {"occurred_at": {"$gte": since}}
        entries = {} if since is None else {"at": {"$gte": since}}
        for collection, condition, order in (
            ("outbox", outbox, [("_id", 1)]),
            ("entries", entries, [("conversation_id", 1), ("sequence", 1)]),
        ):
            cursor = self._database[collection].find(condition).sort(order).batch_size(MAX_BATCH)
            while found := await cursor.to_list(MAX_BATCH):
                yield Batch(tuple(_committed(collection, each) for each in found), None)


_EVER: Literal["ever"] = "ever"


async def _next_batch(stream: "AsyncDatabaseChangeStream[dict[str, Any]]") -> Batch:
    committed: list[OutboxRecord | Entry] = []
    first = await stream.try_next()
    if first is not None:
        committed.append(_committed(first["ns"]["coll"], first["fullDocument"]))
        # What the server sent along is there already; a round trip is made by `try_next` above.
        while len(committed) < MAX_BATCH and _has_buffered(stream):
            change = await stream.try_next()
            if change is None:
                break
            committed.append(_committed(change["ns"]["coll"], change["fullDocument"]))
            if len(committed) % 100 == 0:
                await asyncio.sleep(0)
    return Batch(tuple(committed), stream.resume_token)


def _has_buffered(stream: "AsyncDatabaseChangeStream[dict[str, Any]]") -> bool:
    """Whether documents of the last reply are left.  PyMongo tells it on its cursor alone."""
    cursor = stream._cursor  # no public way; a test holds it
    return bool(cursor is not None and cursor._data)


def _committed(collection: str, document: Mapping[str, Any]) -> OutboxRecord | Entry:
    if collection == "entries":
        return from_document(document, Entry)
    return OutboxRecord(
        id=document["_id"],
        topic=document["topic"],
        key=document["key"],
        name=document["name"],
        value=bytes(document["value"]),
        position=document.get("position"),
    )
