"""All collections together, and transactions over them."""

from collections.abc import Awaitable, Callable
from typing import Protocol, Self, TypeVar

from marketplace.ports.account_feed import AccountFeed
from marketplace.ports.accounts import Accounts, Sessions
from marketplace.ports.addresses import Addresses
from marketplace.ports.attachments import Attachments, Uploads
from marketplace.ports.audit import Audit
from marketplace.ports.blobs import BlobRecords
from marketplace.ports.codes import Codes
from marketplace.ports.conversations import Conversations, Entries, ReadPositions
from marketplace.ports.decisions import Decisions
from marketplace.ports.erasures import Erasures
from marketplace.ports.idempotency import Claim, IdempotencyKeys, KeptAnswer
from marketplace.ports.inbox import Inbox
from marketplace.ports.matches import Matches
from marketplace.ports.members import Assignments, Members
from marketplace.ports.notifications import Notifications
from marketplace.ports.outbox import Handled, Outbox
from marketplace.ports.passkeys import Passkeys
from marketplace.ports.quotes import Quotes
from marketplace.ports.recipients import SendQuotas
from marketplace.ports.reports import Reports
from marketplace.ports.rfis import Rfis
from marketplace.ports.second_factors import SecondFactors
from marketplace.ports.submissions import Submissions
from marketplace.ports.timers import Timers
from marketplace.ports.vendor_documents import VendorDocuments
from marketplace.ports.vendors import Vendors

T = TypeVar("T")


class Repositories(Protocol):
    """All collections, either directly from the store or bound to one transaction."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def vendors(self) -> Vendors: ...
    @property
    def vendor_documents(self) -> VendorDocuments: ...
    @property
    def members(self) -> Members: ...
    @property
    def assignments(self) -> Assignments: ...
    @property
    def rfis(self) -> Rfis: ...
    @property
    def matches(self) -> Matches: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def quotes(self) -> Quotes: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def entries(self) -> Entries: ...
    @property
    def read_positions(self) -> ReadPositions: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def feed(self) -> AccountFeed: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def decisions(self) -> Decisions: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def blob_records(self) -> BlobRecords: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def handled(self) -> Handled: ...
    @property
    def notifications(self) -> Notifications: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def second_factors(self) -> SecondFactors: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def send_quotas(self) -> SendQuotas: ...


class Epoch(Protocol):
    """Which history the sequence numbers of all feeds belong to; a restore starts a new epoch."""

    @property
    def current(self) -> str:
        """An opaque short text, at most a few seconds old."""


class Store(Repositories, Protocol):
    """The state of the marketplace. Reads see what was acknowledged with majority and journal."""

    @property
    def epoch(self) -> Epoch: ...
    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...

    async def transact(self, work: Callable[[Repositories], Awaitable[T]]) -> T:
        """Run `work` in one transaction and return its result: all of it happens, or nothing.

        `work` may run several times (write conflicts, a new primary), so it must do nothing except
        call the repositories that it is given.

        Raises:
            ClaimLostError: this is a `claimed` store and another request has taken over the claim.
            TemporaryError: the store stayed down; whether the transaction was committed is unknown.
        """

    def claimed(self, claim: Claim, answer: KeptAnswer) -> Self:
        """This store for the one request that holds the claim.

        Its transaction commits only while the claim holds, and stores `answer(result)` under the
        key.
        """
