"""All collections, and transactions over them."""

import copy
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, Self, TypeVar

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from marketplace import tracing
from marketplace.errors import TemporaryError
from marketplace.ports import Claim, KeptAnswer, Repositories
from marketplace.settings import Settings
from marketplace.storage.account_feed import MongoAccountFeed
from marketplace.storage.accounts import MongoAccounts, MongoSessions
from marketplace.storage.addresses import MongoAddresses
from marketplace.storage.attachments import MongoAttachments, MongoUploads
from marketplace.storage.audit import MongoAudit
from marketplace.storage.blobs import MongoBlobRecords
from marketplace.storage.codes import MongoCodes
from marketplace.storage.collection import Database, Session
from marketplace.storage.conversations import MongoConversations
from marketplace.storage.decisions import MongoDecisions
from marketplace.storage.entries import MongoEntries
from marketplace.storage.epoch import MongoEpoch
from marketplace.storage.erasures import MongoErasures
from marketplace.storage.idempotency import MongoIdempotencyKeys
from marketplace.storage.inbox import MongoInbox
from marketplace.storage.matches import MongoMatches
from marketplace.storage.members import MongoAssignments, MongoMembers
from marketplace.storage.migrations import migrate
from marketplace.storage.notifications import MongoNotifications
from marketplace.storage.outbox import MongoHandled, MongoOutbox
from marketplace.storage.passkeys import MongoPasskeys
from marketplace.storage.quotes import MongoQuotes
from marketplace.storage.read_positions import MongoReadPositions
from marketplace.storage.recipients import MongoSendQuotas
from marketplace.storage.reports import MongoReports
from marketplace.storage.rfis import MongoRfis
from marketplace.storage.second_factors import MongoSecondFactors
from marketplace.storage.submissions import MongoSubmissions
from marketplace.storage.timers import MongoTimers
from marketplace.storage.traces import TracedCommands
from marketplace.storage.transactions import DURABLE, transacted
from marketplace.storage.vendor_documents import MongoVendorDocuments
from marketplace.storage.vendors import MongoVendors

T = TypeVar("T")
R = TypeVar("R")


def _lazy(kind: Callable[[Database, Session], R]) -> "cached_property[R]":
    """A repository that is created when it is first used."""

    def create(repositories: "MongoRepositories") -> R:
        return kind(*repositories.bound)

    return cached_property(create)


class MongoRepositories:
    """Every repository over one database, optionally bound to a transaction's session.

    Each is created when it is first used: a transaction needs a few of them.
    """

    def __init__(self, database: Database, session: Session = None) -> None:
        self.bound = (database, session)

    accounts = _lazy(MongoAccounts)
    sessions = _lazy(MongoSessions)
    vendors = _lazy(MongoVendors)
    vendor_documents = _lazy(MongoVendorDocuments)
    members = _lazy(MongoMembers)
    assignments = _lazy(MongoAssignments)
    rfis = _lazy(MongoRfis)
    matches = _lazy(MongoMatches)
    submissions = _lazy(MongoSubmissions)
    quotes = _lazy(MongoQuotes)
    conversations = _lazy(MongoConversations)
    entries = _lazy(MongoEntries)
    read_positions = _lazy(MongoReadPositions)
    inbox = _lazy(MongoInbox)
    feed = _lazy(MongoAccountFeed)
    reports = _lazy(MongoReports)
    attachments = _lazy(MongoAttachments)
    uploads = _lazy(MongoUploads)
    blob_records = _lazy(MongoBlobRecords)
    timers = _lazy(MongoTimers)
    decisions = _lazy(MongoDecisions)
    audit = _lazy(MongoAudit)
    outbox = _lazy(MongoOutbox)
    handled = _lazy(MongoHandled)
    notifications = _lazy(MongoNotifications)
    addresses = _lazy(MongoAddresses)
    codes = _lazy(MongoCodes)
    second_factors = _lazy(MongoSecondFactors)
    passkeys = _lazy(MongoPasskeys)
    erasures = _lazy(MongoErasures)
    send_quotas = _lazy(MongoSendQuotas)


class MongoStore(MongoRepositories):
    """The state of the marketplace in MongoDB; created by `open_store`."""

    def __init__(self, client: AsyncIOMotorClient[dict[str, Any]], database_name: str) -> None:
        self._client = client
        self.database: Database = client.get_database(
            database_name,
            codec_options=CodecOptions(tz_aware=True),
            write_concern=DURABLE,
            read_concern=ReadConcern("majority"),
        )
        super().__init__(self.database)
        self.epoch = MongoEpoch(self.database)
        self.idempotency_keys = MongoIdempotencyKeys(self.database)
        self._claim: tuple[Claim, KeptAnswer] | None = None

    async def ping(self) -> None:
        """Check that the primary answers; raises TemporaryError within 5 seconds."""
        try:
            await self._client.admin.command("ping")
        except PyMongoError as error:
            raise TemporaryError(f"MongoDB: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def transact(self, work: Callable[[Repositories], Awaitable[T]]) -> T:
        """Run `work` in one transaction: all of it happens, or nothing.

        Raises:
            ClaimLostError: this store is `claimed` and the claim was taken over.
            TemporaryError: conflicts or an unavailable server outlast the deadline.
        """

        async def within(session: AsyncIOMotorClientSession) -> T:
            result = await work(MongoRepositories(self.database, session))
            if self._claim is not None:
                claim, answer = self._claim
                keys = MongoIdempotencyKeys(self.database, session)
                await keys.finish(claim, *answer(result))
            return result

        return await transacted(self._client, within)

    def claimed(self, claim: Claim, answer: KeptAnswer) -> Self:
        """This store for the request that holds the claim; its transaction stores the response."""
        bound = copy.copy(self)
        bound._claim = (claim, answer)  # a copy of this one
        bound.feed = self.feed  # everybody in this process numbers items together
        return bound


async def open_store(settings: Settings) -> MongoStore:
    """Connect, bring the schema up to date, and return the store.

    Raises:
        TemporaryError: no primary answers within 5 seconds.
    """
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        settings.mongodb_url,
        appname=settings.process_name,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=20_000,
        maxPoolSize=50,
        waitQueueTimeoutMS=5_000,
        retryWrites=True,
        tz_aware=True,
        event_listeners=[TracedCommands()] if tracing.is_on() else [],
    )
    store = MongoStore(client, settings.mongodb_database)
    try:
        await store.ping()
        await migrate(store.database)
        await store.epoch.read()
    except BaseException:
        await store.close()
        raise
    return store
