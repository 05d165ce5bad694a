"""What the repositories share: a collection bound to a session, and translated driver errors."""

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Generic, ParamSpec, TypeVar

from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorDatabase
from prometheus_client import Gauge
from pymongo import ASCENDING
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from marketplace.coalescing import Coalescer
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import TemporaryError
from marketplace.storage.documents import from_document

T = TypeVar("T")
C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")
Session = AsyncIOMotorClientSession | None
Database = AsyncIOMotorDatabase[dict[str, Any]]

_ANSWERS = Gauge(
    "parley_mongodb_answers",
    "1 if the last MongoDB operation succeeded, 0 if MongoDB was unavailable",
)

AWAY = (ConnectionFailure, ExecutionTimeout, NotPrimaryError, WTimeoutError)
# Shutting down, stepping down, no primary known: the server refuses for now, not permanently.
_AWAY_CODES = frozenset({6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 64, 50})


def is_away(error: PyMongoError) -> bool:
    """Whether the server is unavailable for now, so that the same request may work later."""
    if isinstance(error, AWAY):
        return True
    return isinstance(error, OperationFailure) and error.code in _AWAY_CODES


def is_transient(error: PyMongoError) -> bool:
    """Whether the whole transaction may be retried (the driver's own label)."""
    return error.has_error_label("TransientTransactionError")


@asynccontextmanager
async def away_is_temporary(session: Session) -> AsyncIterator[None]:
    """Turn the driver's errors for an unavailable server into `TemporaryError`.

    Errors inside a transaction are not translated: `transact` needs the driver's labels to retry.
    """
    try:
        yield
        _ANSWERS.set(1)
    except PyMongoError as error:
        if is_away(error):
            _ANSWERS.set(0)
        if session is None and is_away(error):
            raise TemporaryError(f"MongoDB: {type(error).__name__}") from error
        raise


def _translated(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        async with away_is_temporary(args[0].session):  # type: ignore[attr-defined] # self
            return await method(*args, **kwargs)

    return call


def repository(kind: type[C]) -> type[C]:
    """Class decorator: public coroutines raise `TemporaryError` if MongoDB is down."""
    for name, member in list(vars(kind).items()):
        if not name.startswith("_") and inspect.iscoroutinefunction(member):
            setattr(kind, name, _translated(member))
    return kind


def before(at: datetime, key: str | int, name: str = "_id") -> dict[str, Any]:
    """The condition for what comes after a position in a list by (`at`, key), newest first."""
    return {"$or": [{"at": {"$lt": at}}, {"at": at, name: {"$lt": key}}]}


class Collection(Generic[T]):
    """One collection with values of one type, optionally bound to a transaction's session."""

    name: str
    kind: type[T]

    def __init__(self, database: Database, session: Session = None) -> None:
        self._database = database
        self._collection = database[self.name]
        self.session = session
        self._by_id = Coalescer(self._read_by_id)

    def _value(self, document: Mapping[str, Any] | None) -> T | None:
        return None if document is None else from_document(document, self.kind)

    async def _get(self, document_id: str) -> T | None:
        """The value with this id; outside a transaction, concurrent lookups share a query."""
        if self.session is not None:
            return await self._one(_id=document_id)
        return await self._by_id.one(document_id)

    async def _read_by_id(self, ids: list[str]) -> dict[str, T]:
        documents = await self._collection.find({"_id": {"$in": ids}}).to_list(None)
        return {document["_id"]: from_document(document, self.kind) for document in documents}

    async def _one(self, **condition: Any) -> T | None:
        return self._value(await self._collection.find_one(condition, session=self.session))

    async def _many(
        self, condition: Mapping[str, Any], *, sort: list[tuple[str, int]], limit: int
    ) -> list[T]:
        cursor = self._collection.find(condition, session=self.session, sort=sort, limit=limit)
        return [from_document(document, self.kind) for document in await cursor.to_list(limit)]

    async def _changed(
        self, state: str, after: tuple[datetime, str], until: datetime, limit: int
    ) -> list[T]:
        """Values in a state by their last change, oldest first, along the index `waiting`."""
        at, value_id = after
        later = [{"updated_at": {"$gt": at}}, {"updated_at": at, "_id": {"$gt": value_id}}]
        return await self._many(
            {"state": state, "updated_at": {"$lte": until}, "$or": later},
            sort=[("updated_at", ASCENDING), ("_id", ASCENDING)],
            limit=limit,
        )

    async def _page(self, condition: Mapping[str, Any], request: PageRequest) -> Page[T]:
        page_condition = dict(condition)
        if request.before_id is not None:
            page_condition["_id"] = {"$lt": request.before_id}
        documents = await self._collection.find(
            page_condition, session=self.session, sort=[("_id", -1)], limit=request.limit + 1
        ).to_list(request.limit + 1)
        page_documents = documents[: request.limit]
        has_more = len(documents) > request.limit
        return Page(
            tuple(from_document(document, self.kind) for document in page_documents),
            str(page_documents[-1]["_id"]) if has_more else None,
        )
