"""What the actions need of the world, each with its guarantee in words.

An implementation keeps a port when it passes the port's suite in `tests/contracts`; the MongoDB
store and the in-memory one run the same suite.  All methods may raise `TemporaryError` when the part
behind them is away.

    accounts.py  vendors.py  rfis.py  submissions.py  matches.py  quotes.py  conversations.py
    reports.py  notifications.py  recipients.py
                      one noun each
    outbox.py         events on their way, and handled-event marks
    idempotency.py    claims of keys, and answers kept under them
    store.py          all of these, and transactions
    live.py           announcements, signals, rooms, presence
    world.py          all that an action may reach
"""

from marketplace.ports.accounts import Accounts, Passwords, Sessions
from marketplace.ports.conversations import (
    Appended,
    Conversations,
    Entries,
    EntryLog,
    ReadPositions,
)
from marketplace.ports.idempotency import (
    Claim,
    ClaimLostError,
    IdempotencyKeys,
    KeptAnswer,
    StoredResponse,
)
from marketplace.ports.live import (
    Announcement,
    Live,
    Presence,
    Signal,
    SignalName,
    account_room,
    conversation_room,
    rfi_room,
)
from marketplace.ports.matches import Matches
from marketplace.ports.notifications import Notifications
from marketplace.ports.outbox import Handled, Outbox
from marketplace.ports.quotes import Quotes
from marketplace.ports.recipients import SendQuotas, Suppressions
from marketplace.ports.reports import Reports
from marketplace.ports.rfis import Rfis
from marketplace.ports.store import Epoch, Repositories, Store
from marketplace.ports.submissions import Submissions
from marketplace.ports.vendors import Vendors
from marketplace.ports.world import Clock, World

__all__ = [
    "Accounts",
    "Announcement",
    "Appended",
    "Claim",
    "ClaimLostError",
    "Clock",
    "Conversations",
    "Entries",
    "EntryLog",
    "Epoch",
    "Handled",
    "IdempotencyKeys",
    "KeptAnswer",
    "Live",
    "Matches",
    "Notifications",
    "Outbox",
    "Passwords",
    "Presence",
    "Quotes",
    "ReadPositions",
    "Reports",
    "Repositories",
    "Rfis",
    "SendQuotas",
    "Sessions",
    "Signal",
    "SignalName",
    "Store",
    "StoredResponse",
    "Submissions",
    "Suppressions",
    "Vendors",
    "World",
    "account_room",
    "conversation_room",
    "rfi_room",
]
