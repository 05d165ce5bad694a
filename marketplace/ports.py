"""What the actions need of the world, each with its guarantee in words.

An implementation keeps a port when it passes the port's suite in `tests/contracts`; the MongoDB
store and the in-memory one run the same suite.  All methods may raise `TemporaryError` when the part
behind them is away.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from marketplace.domain.accounts import Account, Session
from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.notifications import Notification
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Revision, Rfi
from marketplace.domain.vendors import NearbyVendor, Vendor, VendorState
from marketplace.events import Event

T = TypeVar("T")


class Clock(Protocol):
    """Tells the time; tests pass one that stands still."""

    def now(self) -> datetime:
        """The time in UTC, cut to milliseconds (what the store keeps)."""


class Passwords(Protocol):
    """Hashes passwords slowly, off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash that tells its own parameters."""

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; takes as long for an unknown account (None)."""


class Accounts(Protocol):
    """Accounts, unique by email."""

    async def add(self, account: Account) -> None:
        """Insert; raises ParleyError `email_taken`."""

    async def get(self, account_id: str) -> Account | None:
        """By id."""

    async def by_email(self, email: str) -> Account | None:
        """By the normalized address."""


class Sessions(Protocol):
    """Log-ins; gone by themselves after they expire."""

    async def add(self, session: Session) -> None:
        """Insert."""

    async def get(self, session_id: str) -> Session | None:
        """By id."""

    async def rotate(self, session_id: str, old_hash: str, new_hash: str) -> bool:
        """Replace the refresh token's hash if it is still the old one: of two racers one wins."""

    async def delete(self, session_id: str) -> None:
        """End the log-in; nothing happens when it is gone already."""


class Vendors(Protocol):
    """Vendor profiles, and who is closest."""

    async def add(self, vendor: Vendor) -> None:
        """Insert."""

    async def get(self, vendor_id: str) -> Vendor | None:
        """By id."""

    async def save(self, vendor: Vendor) -> None:
        """Replace all but `open_matches`, which only `reserve` and `release` change."""

    async def of_state(self, state: VendorState | None, request: PageRequest) -> Page[Vendor]:
        """Newest first."""

    async def closest(
        self, category: str, location: dict[str, Any], limit: int, exclude: Sequence[str] = ()
    ) -> list[NearbyVendor]:
        """Active vendors of the category with free capacity whose own radius covers the place.

        Closest first, at most `limit`, by one indexed query.
        """

    async def covering(
        self, category: str, location: dict[str, Any], vendor_ids: Sequence[str]
    ) -> frozenset[str]:
        """Which of these vendors are active, of the category, and cover the place."""

    async def nearby(
        self, location: dict[str, Any], radius_m: int, category: str | None, limit: int
    ) -> list[NearbyVendor]:
        """Active vendors within a radius around the place, closest first."""

    async def reserve(self, vendor_id: str) -> bool:
        """Add one to `open_matches` if the vendor is active and below capacity; exact under concurrency."""

    async def release(self, vendor_id: str) -> None:
        """Take one from `open_matches`."""


class Rfis(Protocol):
    """RFIs with their revisions."""

    async def add(self, rfi: Rfi, revision: Revision) -> None:
        """Insert a draft with its revision 1."""

    async def get(self, rfi_id: str) -> Rfi | None:
        """By id."""

    async def get_many(self, rfi_ids: Sequence[str]) -> dict[str, Rfi]:
        """By ids; what is not there is left out."""

    async def save(self, rfi: Rfi, revision: Revision) -> None:
        """Replace the RFI if it stands at `revision.revision − 1`, and add the revision.

        `match_count` is left as it is.  Raises ParleyError `stale_revision` otherwise.
        """

    async def count_matches(self, rfi_id: str, change: int) -> None:
        """Change `match_count`; a revision at the same time makes one of the two try again."""

    async def guard(self, rfi_id: str) -> None:
        """Make this transaction conflict with any other that changes the RFI at the same time."""

    async def of_customer(self, customer_id: str, request: PageRequest) -> Page[Rfi]:
        """Newest first."""

    async def revisions(self, rfi_id: str, after_revision: int, limit: int = 500) -> list[Revision]:
        """Revisions behind a number, in order, dense."""


class Matches(Protocol):
    """Matches, unique by (rfi_id, vendor_id)."""

    async def add(self, match: Match) -> None:
        """Insert."""

    async def get(self, match_id: str) -> Match | None:
        """By id."""

    async def save(self, match: Match, expected: MatchState) -> None:
        """Replace if it is in the expected state; raises ParleyError `wrong_state` otherwise."""

    async def of_rfi(self, rfi_id: str) -> list[Match]:
        """All of an RFI, closest first."""

    async def of_vendor(
        self, vendor_id: str, state: MatchState | None, request: PageRequest
    ) -> Page[Match]:
        """Newest first."""

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Match | None:
        """The one between an RFI and a vendor."""


class Quotes(Protocol):
    """Quotes, unique by (rfi_id, vendor_id)."""

    async def add(self, quote: Quote) -> None:
        """Insert."""

    async def get(self, quote_id: str) -> Quote | None:
        """By id."""

    async def save(self, quote: Quote) -> None:
        """Replace."""

    async def of_rfi(self, rfi_id: str) -> list[Quote]:
        """All of an RFI, in the order they came."""

    async def of_pair(self, rfi_id: str, vendor_id: str) -> Quote | None:
        """The one of a vendor on an RFI."""


class Conversations(Protocol):
    """Conversations without their entries."""

    async def add(self, conversation: Conversation) -> None:
        """Insert."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """By id."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """Newest first."""


class Entries(Protocol):
    """Entries, unique by (conversation, sequence) and (conversation, sender, client_message_id)."""

    async def add_next(self, entry: Entry) -> Entry:
        """Insert under the next sequence, within a transaction; returns it as numbered."""

    async def get(self, entry_id: str) -> Entry | None:
        """By id."""

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Behind a sequence, oldest first."""

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last ones before a sequence (or of all), oldest first."""

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each; 0 where there is no entry."""


class ReadPositions(Protocol):
    """How far each participant has got; the numbers only move forward."""

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; None when nothing moved."""

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """Of all participants that have one."""

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's, by conversation."""


class Outbox(Protocol):
    """Events on their way to Kafka, in the same write as the state they tell of."""

    async def add(self, event: Event) -> None:
        """Insert."""


class Handled(Protocol):
    """Which events a consumer group has had its effect for."""

    async def mark(self, group: str, event_id: str) -> bool:
        """Mark within the effect's transaction; False when it was marked before."""


class Notifications(Protocol):
    """The delivery log, unique by (event_id, account_id, channel)."""

    async def add(self, notification: Notification) -> None:
        """Insert; nothing happens when the same is there already."""

    async def claim_due(self, now: datetime, lease_until: datetime) -> Notification | None:
        """Take the longest due one for sending until the lease ends; no two workers get the same.

        What is `sending` with an ended lease comes again: its first try's outcome is unknown.
        """

    async def save(self, notification: Notification) -> None:
        """Replace."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer an Idempotency-Key stands for; `status` is None while the first still runs."""

    request_hash: str
    status: int | None
    body: dict[str, Any] | None


class IdempotencyKeys(Protocol):
    """Answers kept for a day, unique by (scope, key)."""

    async def begin(self, scope: str, key: str, request_hash: str) -> StoredResponse | None:
        """Take the key; None when it was free, else what it stands for."""

    async def finish(self, scope: str, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer."""

    async def forget(self, scope: str, key: str) -> None:
        """Free the key after a failure that the same request may survive next time."""


class Repositories(Protocol):
    """All collections, as the store gives them, or bound to one transaction."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def vendors(self) -> Vendors: ...
    @property
    def rfis(self) -> Rfis: ...
    @property
    def matches(self) -> Matches: ...
    @property
    def quotes(self) -> Quotes: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def entries(self) -> Entries: ...
    @property
    def read_positions(self) -> ReadPositions: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def handled(self) -> Handled: ...
    @property
    def notifications(self) -> Notifications: ...


class Store(Repositories, Protocol):
    """The state of the marketplace.  Reads see what was acknowledged with majority and journal."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...

    async def transact(self, work: Callable[[Repositories], Awaitable[T]]) -> T:
        """Run `work` in one transaction and return its result: all of it happens, or nothing.

        `work` may run several times (write conflicts, a new primary), so it does nothing besides
        calls of the repositories it is given.
        """


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as stored; `is_new` is False when the same message was there before."""

    entry: Entry
    is_new: bool


class EntryLog(Protocol):
    """Appends entries to conversations at a high rate."""

    async def append(self, entry: Entry) -> Appended:
        """Give the entry the next sequence of its conversation and make it durable.

        When this returns, the entry is written with majority and journal.  Sequences are dense, in
        the order of the calls for one conversation.  A message whose (conversation, sender,
        client_message_id) is there already is answered with the stored one.  The entry's own
        `sequence` is ignored.

        Raises:
            ParleyError: `unavailable` when the store stayed away, or too many are waiting.
        """


@dataclass(frozen=True, slots=True)
class Announcement:
    """A push to the members of a room.

    `position` is the entry's sequence or the RFI's revision where the push has one; a gateway that
    misses a number reads it from the store.  Without a position a push is ephemeral.
    """

    room: str
    name: str
    data: dict[str, Any]
    position: int | None = None


class Live(Protocol):
    """The fast way to connected apps: a hint, never the truth."""

    def announce(self, announcement: Announcement) -> None:
        """Hand over for publishing; never blocks and never fails.  What is lost is found by number."""


class Presence(Protocol):
    """Who is connected; what a crashed gateway said fades by itself."""

    async def connected(self, account_id: str) -> None:
        """Say, and say again every few seconds, that an app of this account is connected here."""

    async def disconnected(self, account_id: str) -> None:
        """Say that this process has no app of the account any more."""

    async def is_connected(self, account_id: str) -> bool:
        """Whether any process has one."""


@dataclass(frozen=True, slots=True)
class World:
    """All that an action may reach."""

    store: Store
    entry_log: EntryLog
    live: Live
    presence: Presence
    passwords: Passwords
    clock: Clock


def conversation_room(conversation_id: str) -> str:
    """The room of a conversation's participants."""
    return f"conversation:{conversation_id}"


def rfi_room(rfi_id: str) -> str:
    """The room of those who follow an RFI."""
    return f"rfi:{rfi_id}"


def account_room(account_id: str) -> str:
    """The room of one person's connections."""
    return f"account:{account_id}"
