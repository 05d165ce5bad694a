"""Committed events and entries in commit order, for the relay.

One change stream covers two collections: the outbox, and the conversations' entries, which are
their own events. It uses PyMongo's asyncio client instead of motor: motor passes each document of a
change stream over from a thread, 7,000 a second, while PyMongo's own client reads 54,000.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pymongo import AsyncMongoClient
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from marketplace.domain.conversations import Entry
from marketplace.errors import TemporaryError
from marketplace.logs import get_logger
from marketplace.settings import Settings
from marketplace.storage.collection import is_away
from marketplace.storage.documents import from_document

LOG = get_logger(__name__)
MAX_BATCH = 1_000
_WAIT_MS = 250
# Commit order and `occurred_at` may differ by a transaction's deadline and by clock skew.
_MARGIN = timedelta(minutes=10)
_PIPELINE: Sequence[Mapping[str, Any]] = (
    {"$match": {"operationType": "insert", "ns.coll": {"$in": ["outbox", "entries"]}}},
    {"$project": {"ns.coll": 1, "fullDocument": 1}},
)

Token = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """An encoded event from the outbox.

    `position` is the revision that it created, if any; `traceparent` is the event's, if it has one.
    """

    id: str
    topic: str
    key: str
    name: str
    value: bytes
    position: int | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The next committed records, and the token after them.

    The token is None while stored documents are re-read.
    """

    committed: tuple[OutboxRecord | Entry, ...]
    token: Token | None


class Tail:
    """Reads what was committed since the position stored in `relay_positions`."""

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
        # The epoch of the position that was read: a restore that moves the position is not
        # overwritten.
        self._epoch: str | None = None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Batches in commit order, from the stored position on; an empty one about every 250 ms.

        If there is no position (the first start), the collections are read from the beginning. If
        the server refuses the position (the oplog no longer reaches back to it, or the token is
        invalid), they are read from shortly before it: records are sent again, none is left out.

        Raises:
            TemporaryError: the server is down; continue with a new call.
        """
        try:
            position = await self._positions.find_one({"_id": "relay"})
            token = position["token"] if position else None
            self._epoch = position.get("epoch") if position else None
            try:
                async for batch in self._follow(token, since=None if token else _FROM_THE_START):
                    yield batch
            except OperationFailure as error:
                if position is None or is_away(error):
                    raise
                LOG.warning(
                    "the stored position is not usable; reading from shortly before it",
                    why=str(error)[:300],
                )
                async for batch in self._follow(None, since=position["at"] - _MARGIN):
                    yield batch
        except PyMongoError as error:
            raise TemporaryError(f"MongoDB: {type(error).__name__}") from error

    async def keep_position(self, token: Token, now: datetime) -> None:
        """Record that everything up to the token is in Kafka.

        Raises:
            TemporaryError: the server is down, or the database was restored: then a new call of
                `batches` must start at the position that the restore left.
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
        # The stream is opened before the stored documents are read, so that nothing falls in
        # between.
        stream = await self._database.watch(
            list(_PIPELINE), resume_after=token, max_await_time_ms=_WAIT_MS, batch_size=MAX_BATCH
        )
        async with stream:
            if since is not None:
                async for batch in self._stored_since(None if since == _FROM_THE_START else since):
                    yield batch
            while stream.alive:
                yield await _next_batch(stream)

    async def _stored_since(self, since: datetime | None) -> AsyncIterator[Batch]:
        """What the collections hold since a moment; in order for each key."""
        outbox = {} if since is None else {"occurred_at": {"$gte": since}}
        entries = {} if since is None else {"at": {"$gte": since}}
        for collection, condition, order in (
            ("outbox", outbox, [("_id", 1)]),
            ("entries", entries, [("conversation_id", 1), ("sequence", 1)]),
        ):
            cursor = self._database[collection].find(condition).sort(order).batch_size(MAX_BATCH)
            while documents := await cursor.to_list(MAX_BATCH):
                yield Batch(tuple(_committed(collection, document) for document in documents), None)


_FROM_THE_START: Literal["ever"] = "ever"


async def _next_batch(stream: "AsyncDatabaseChangeStream[dict[str, Any]]") -> Batch:
    committed: list[OutboxRecord | Entry] = []
    first = await stream.try_next()
    if first is not None:
        committed.append(_committed(first["ns"]["coll"], first["fullDocument"]))
        # Documents that the server already sent are buffered; `try_next` above makes the round
        # trip.
        while len(committed) < MAX_BATCH and _has_buffered(stream):
            change = await stream.try_next()
            if change is None:
                break
            committed.append(_committed(change["ns"]["coll"], change["fullDocument"]))
            if len(committed) % 100 == 0:
                await asyncio.sleep(0)
    return Batch(tuple(committed), stream.resume_token)


def _has_buffered(stream: "AsyncDatabaseChangeStream[dict[str, Any]]") -> bool:
    """Whether documents of the last reply are left. Only PyMongo's cursor knows this."""
    cursor = stream._cursor  # there is no public API; a test covers it
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
        traceparent=document.get("traceparent"),
    )
