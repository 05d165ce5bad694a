"""The in-memory store's data: one dictionary of immutable values per collection."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Session
from marketplace.domain.addresses import Address, Suppression
from marketplace.domain.attachments import Attachment
from marketplace.domain.audit import AuditRecord
from marketplace.domain.blobs import BlobRecord
from marketplace.domain.codes import Code
from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.decisions import Decision
from marketplace.domain.erasures import Erasure
from marketplace.domain.matches import Match
from marketplace.domain.members import Assignment, Member
from marketplace.domain.notifications import Notification
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.passkeys import Passkey
from marketplace.domain.policy import Upload
from marketplace.domain.quote_revisions import QuoteRevision
from marketplace.domain.quotes import Quote
from marketplace.domain.reports import Report
from marketplace.domain.rfis import Revision, Rfi
from marketplace.domain.second_factors import SecondFactor
from marketplace.domain.timers import Timer
from marketplace.domain.vendor_documents import VendorDocument
from marketplace.domain.vendors import Vendor
from marketplace.events import Event
from marketplace.ports import StoredResponse

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored under an Idempotency-Key, and which attempt holds it until when."""

    response: StoredResponse
    lease: str
    ends_at_s: float


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """What a participant has set for a conversation in their list."""

    is_muted: bool = False
    archived_sequence: int | None = None


class DuplicateError(Exception):
    """A unique key exists already."""


@dataclass(slots=True)
class Tables:
    """The collections; their values are frozen, so a copy of the dictionaries is a snapshot."""

    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    vendors: dict[str, Vendor] = field(default_factory=dict)
    vendor_documents: dict[str, VendorDocument] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    rfis: dict[str, Rfi] = field(default_factory=dict)
    revisions: dict[tuple[str, int], Revision] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    quote_revisions: dict[tuple[str, int], QuoteRevision] = field(default_factory=dict)
    submissions: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    entries: dict[tuple[str, int], Entry] = field(default_factory=dict)
    read_positions: dict[tuple[str, str], ReadPosition] = field(default_factory=dict)
    inbox_settings: dict[tuple[str, str], InboxSettings] = field(default_factory=dict)
    feed_items: dict[tuple[str, int], FeedItem] = field(default_factory=dict)
    feed_heads: dict[str, int] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    uploads: dict[str, tuple[Upload, ...]] = field(default_factory=dict)
    blob_records: dict[str, BlobRecord] = field(default_factory=dict)
    doomed_blobs: dict[str, bool] = field(default_factory=dict)
    audit: dict[str, AuditRecord] = field(default_factory=dict)
    outbox: dict[str, Event] = field(default_factory=dict)
    handled: dict[tuple[str, str], bool] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    second_factors: dict[str, SecondFactor] = field(default_factory=dict)
    passkeys: dict[str, Passkey] = field(default_factory=dict)
    erasures: dict[str, Erasure] = field(default_factory=dict)
    suppressions: dict[str, Suppression] = field(default_factory=dict)
    send_quotas: dict[str, dict[str, datetime]] = field(default_factory=dict)
    idempotency_keys: dict[tuple[str, str], KeyRecord] = field(default_factory=dict)

    def snapshot(self) -> dict[str, dict[Any, Any]]:
        """A copy of all collections."""
        return {table.name: dict(getattr(self, table.name)) for table in fields(self)}

    def restore(self, snapshot: dict[str, dict[Any, Any]]) -> None:
        """Restore all collections from a snapshot."""
        for name, rows in snapshot.items():
            table = getattr(self, name)
            table.clear()
            table.update(rows)


def insert(table: dict[K, T], key: K, value: T) -> None:
    """Add a value under a free key.

    Raises:
        DuplicateError: when the key is taken.
    """
    if key in table:
        raise DuplicateError(key)
    table[key] = value


def page(found: dict[str, T], request: PageRequest) -> Page[T]:
    """A page of the values in `found`, newest first: their ids sort by creation time."""
    before = request.before_id
    ids = sorted((row_id for row_id in found if before is None or row_id < before), reverse=True)
    shown = ids[: request.limit]
    cursor = shown[-1] if len(ids) > request.limit else None
    return Page(tuple(found[row_id] for row_id in shown), cursor)
