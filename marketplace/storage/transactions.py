"""Runs work in a transaction, again after a conflict, until it is committed or too late."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from marketplace.backoff import Backoff
from marketplace.errors import TemporaryError
from marketplace.storage.collection import is_away, is_transient

T = TypeVar("T")

DURABLE = WriteConcern(w="majority", j=True, wtimeout=10_000)
# Contention ends in milliseconds and an election in seconds; no caller waits longer than this.
TRANSACTION_DEADLINE_S = 10.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.25


async def transacted(
    client: AsyncIOMotorClient[dict[str, Any]],
    work: Callable[[AsyncIOMotorClientSession], Awaitable[T]],
) -> T:
    """Run `work` in one transaction: all of it happens, or nothing.

    Raises:
        TemporaryError: conflicts or an unavailable server outlast the deadline.
    """
    give_up_at = time.monotonic() + TRANSACTION_DEADLINE_S
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        try:
            async with await client.start_session() as session:
                return await _attempt(work, session, give_up_at)
        except PyMongoError as error:
            # A number or a mark that a concurrent transaction took is a write conflict, and so
            # transient. A duplicate key is one that this transaction could have seen: a defect
            # of `work`.
            if not is_transient(error) or time.monotonic() > give_up_at:
                if is_away(error) or is_transient(error):
                    raise TemporaryError(f"MongoDB: {type(error).__name__}") from error
                raise
        await backoff.wait()


async def _attempt(
    work: Callable[[AsyncIOMotorClientSession], Awaitable[T]],
    session: AsyncIOMotorClientSession,
    give_up_at: float,
) -> T:
    async with session.start_transaction(
        read_concern=ReadConcern("snapshot"), write_concern=DURABLE
    ):
        result = await work(session)
        await _commit(session, give_up_at)
        return result


async def _commit(session: AsyncIOMotorClientSession, give_up_at: float) -> None:
    """Commit; while the outcome is unknown, commit again, which unlike a change is repeatable."""
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            is_unknown = error.has_error_label("UnknownTransactionCommitResult")
            if not is_unknown or time.monotonic() > give_up_at:
                raise
            await backoff.wait()
        else:
            return
