"""The interfaces that actions depend on, each with its guarantees.

An implementation is correct if it passes the port's suite in `tests/contracts`; the MongoDB store
and the in-memory store run the same suite. Every method may raise `TemporaryError` if its backing
service is down.

    accounts.py  addresses.py  codes.py  second_factors.py  passkeys.py  erasures.py  vendors.py  rfis.py
    submissions.py  matches.py  quotes.py  conversations.py  inbox.py  account_feed.py  reports.py
    notifications.py  recipients.py  attachments.py  vendor_documents.py  members.py
                      one noun each
    audit.py          who changed what, and why
    timers.py         what falls due, claimed under a lease
    decisions.py      what the marketplace decided, by which rule, and from what
    blobs.py          stored files, and what checks files
    outbox.py         events to be published, and handled-event marks
    idempotency.py    claims of keys, and the responses stored under them
    store.py          all of these, and transactions
    secrets.py        what follows from the deployment's secret
    live.py           announcements, signals, rooms, presence
    world.py          everything that an action may use
"""

from marketplace.ports.account_feed import AccountFeed
from marketplace.ports.accounts import Accounts, Passwords, Sessions
from marketplace.ports.addresses import Addresses
from marketplace.ports.attachments import Attachments, Uploads
from marketplace.ports.audit import Audit
from marketplace.ports.blobs import (
    BlobRecords,
    Blobs,
    Files,
    MalwareScanner,
    Media,
    MediaJob,
    Prepared,
)
from marketplace.ports.codes import Codes
from marketplace.ports.conversations import (
    Appended,
    Conversations,
    Entries,
    EntryLog,
    ReadPositions,
)
from marketplace.ports.decisions import Decisions
from marketplace.ports.erasures import Erasures
from marketplace.ports.idempotency import (
    Claim,
    ClaimLostError,
    IdempotencyKeys,
    KeptAnswer,
    StoredResponse,
)
from marketplace.ports.inbox import Inbox
from marketplace.ports.live import (
    Announcement,
    Live,
    PresenceStore,
    Signal,
    SignalName,
    account_room,
    conversation_room,
    rfi_room,
)
from marketplace.ports.matches import Matches
from marketplace.ports.members import Assignments, Members
from marketplace.ports.notifications import Notifications
from marketplace.ports.outbox import Handled, Outbox
from marketplace.ports.passkeys import Authenticators, Passkeys
from marketplace.ports.quotes import Quotes
from marketplace.ports.recipients import SendQuotas
from marketplace.ports.reports import Reports
from marketplace.ports.rfis import Rfis
from marketplace.ports.second_factors import SecondFactors
from marketplace.ports.secrets import Secrets
from marketplace.ports.store import Epoch, Repositories, Store
from marketplace.ports.submissions import Submissions
from marketplace.ports.timers import Timers
from marketplace.ports.vendor_documents import VendorDocuments
from marketplace.ports.vendors import Vendors
from marketplace.ports.world import Clock, World

__all__ = [
    "AccountFeed",
    "Accounts",
    "Addresses",
    "Announcement",
    "Appended",
    "Assignments",
    "Attachments",
    "Audit",
    "Authenticators",
    "BlobRecords",
    "Blobs",
    "Claim",
    "ClaimLostError",
    "Clock",
    "Codes",
    "Conversations",
    "Decisions",
    "Entries",
    "EntryLog",
    "Epoch",
    "Erasures",
    "Files",
    "Handled",
    "IdempotencyKeys",
    "Inbox",
    "KeptAnswer",
    "Live",
    "MalwareScanner",
    "Matches",
    "Media",
    "MediaJob",
    "Members",
    "Notifications",
    "Outbox",
    "Passkeys",
    "Passwords",
    "Prepared",
    "PresenceStore",
    "Quotes",
    "ReadPositions",
    "Reports",
    "Repositories",
    "Rfis",
    "SecondFactors",
    "Secrets",
    "SendQuotas",
    "Sessions",
    "Signal",
    "SignalName",
    "Store",
    "StoredResponse",
    "Submissions",
    "Timers",
    "Uploads",
    "VendorDocuments",
    "Vendors",
    "World",
    "account_room",
    "conversation_room",
    "rfi_room",
]
