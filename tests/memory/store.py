"""All collections in memory, and transactions over them."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Self, TypeVar, cast

from marketplace import ports
from tests.builders import FixedClock
from tests.memory.account_feed import AccountFeed
from tests.memory.accounts import Accounts, Sessions
from tests.memory.addresses import Addresses
from tests.memory.attachments import Attachments, Uploads
from tests.memory.audit import Audit
from tests.memory.blobs import BlobRecords
from tests.memory.codes import Codes
from tests.memory.conversations import Conversations, Entries, ReadPositions
from tests.memory.decisions import Decisions
from tests.memory.erasures import Erasures
from tests.memory.idempotency import IdempotencyKeys
from tests.memory.inbox import Inbox
from tests.memory.matches import Matches
from tests.memory.members import Assignments, Members
from tests.memory.notifications import Notifications
from tests.memory.outbox import Handled, Outbox
from tests.memory.passkeys import Passkeys
from tests.memory.quotes import Quotes
from tests.memory.recipients import SendQuotas
from tests.memory.reports import Reports
from tests.memory.rfis import Rfis
from tests.memory.second_factors import SecondFactors
from tests.memory.submissions import Submissions
from tests.memory.tables import Tables
from tests.memory.timers import Timers
from tests.memory.vendor_documents import VendorDocuments
from tests.memory.vendors import Vendors

T = TypeVar("T")

_is_transacting: ContextVar[bool] = ContextVar("is_transacting", default=False)


class Repositories:
    """Every repository over one set of tables."""

    accounts: ports.Accounts
    sessions: ports.Sessions
    vendors: ports.Vendors
    vendor_documents: ports.VendorDocuments
    members: ports.Members
    assignments: ports.Assignments
    rfis: ports.Rfis
    matches: ports.Matches
    submissions: ports.Submissions
    quotes: ports.Quotes
    conversations: ports.Conversations
    entries: ports.Entries
    read_positions: ports.ReadPositions
    inbox: ports.Inbox
    feed: ports.AccountFeed
    reports: ports.Reports
    timers: ports.Timers
    decisions: ports.Decisions
    attachments: ports.Attachments
    uploads: ports.Uploads
    blob_records: ports.BlobRecords
    audit: ports.Audit
    outbox: ports.Outbox
    handled: ports.Handled
    notifications: ports.Notifications
    addresses: ports.Addresses
    codes: ports.Codes
    second_factors: ports.SecondFactors
    passkeys: ports.Passkeys
    erasures: ports.Erasures
    send_quotas: ports.SendQuotas

    def __init__(self, tables: Tables, clock: ports.Clock) -> None:
        self.accounts = Accounts(tables)
        self.sessions = Sessions(tables, clock)
        self.vendors = Vendors(tables)
        self.vendor_documents = VendorDocuments(tables)
        self.members = Members(tables)
        self.assignments = Assignments(tables)
        self.rfis = Rfis(tables)
        self.matches = Matches(tables)
        self.submissions = Submissions(tables)
        self.quotes = Quotes(tables)
        self.conversations = Conversations(tables)
        self.entries = Entries(tables)
        self.read_positions = ReadPositions(tables)
        self.inbox = Inbox(tables)
        self.feed = AccountFeed(tables)
        self.reports = Reports(tables)
        self.timers = Timers(tables)
        self.decisions = Decisions(tables)
        self.attachments = Attachments(tables)
        self.uploads = Uploads(tables)
        self.blob_records = BlobRecords(tables)
        self.audit = Audit(tables)
        self.outbox = Outbox(tables)
        self.handled = Handled(tables)
        self.notifications = Notifications(tables)
        self.addresses = Addresses(tables)
        self.codes = Codes(tables, clock)
        self.second_factors = SecondFactors(tables)
        self.passkeys = Passkeys(tables)
        self.erasures = Erasures(tables)
        self.send_quotas = SendQuotas(tables)


class _Guarded:
    """A repository whose every call waits for the running transaction to end."""

    def __init__(self, repository: object, lock: asyncio.Lock) -> None:
        self._repository = repository
        self._lock = lock

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._repository, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            _refuse_within_transaction()
            await asyncio.sleep(0)  # a real store lets other tasks run meanwhile
            async with self._lock:
                return await method(*args, **kwargs)

        return call


class Epoch:
    """The epoch of all feeds, which a test can change."""

    current = "0"


class Store(Repositories):
    """The state of the marketplace in memory.

    Each transaction is rehearsed and rolled back before it runs for real: the real store may run it
    several times, and this exposes work that does more than call its repositories.
    """

    idempotency_keys: ports.IdempotencyKeys
    epoch: ports.Epoch

    def __init__(self, clock: ports.Clock | None = None) -> None:
        self.tables = Tables()
        self.epoch = Epoch()
        self._bound = Repositories(self.tables, clock or FixedClock())
        self._lock = asyncio.Lock()
        for name, repository in vars(self._bound).items():
            setattr(self, name, cast("Any", _Guarded(repository, self._lock)))
        self.idempotency_keys = cast("Any", _Guarded(IdempotencyKeys(self.tables), self._lock))
        self._claim: tuple[ports.Claim, ports.KeptAnswer] | None = None

    def claimed(self, claim: ports.Claim, answer: ports.KeptAnswer) -> Self:
        """This store, for the request that holds the claim."""
        bound = copy.copy(self)
        bound._claim = (claim, answer)  # a copy of this object
        return bound

    async def transact(self, work: Callable[[ports.Repositories], Awaitable[T]]) -> T:
        """Run `work` alone: all of it happens, or none of it."""
        _refuse_within_transaction()
        async with self._lock:
            before = self.tables.snapshot()
            mark = _is_transacting.set(True)
            try:
                await work(self._bound)
                self.tables.restore(before)
                result = await work(self._bound)
                if self._claim is not None:
                    claim, answer = self._claim
                    await IdempotencyKeys(self.tables).finish(claim, *answer(result))
                return result
            except BaseException:
                self.tables.restore(before)
                raise
            finally:
                _is_transacting.reset(mark)


def _refuse_within_transaction() -> None:
    """The real store would run this call outside the transaction; here it would deadlock."""
    if _is_transacting.get():
        raise AssertionError("work must call only the repositories it is given")
