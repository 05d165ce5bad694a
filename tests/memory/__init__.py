"""In-memory implementations of the ports, for tests of the code that uses the ports.

They give the same guarantees as the real ones and pass the same suite (tests/contracts).

    store.py            Store: all collections, transactions by snapshot and restore under one lock
    accounts.py  addresses.py  codes.py  second_factors.py  passkeys.py  erasures.py  vendors.py  rfis.py
    matches.py  quotes.py  conversations.py  inbox.py  account_feed.py  reports.py
    notifications.py  recipients.py  submissions.py  timers.py  decisions.py  attachments.py
    vendor_documents.py  members.py  audit.py
    blobs.py            stored files, and a check of files that takes them as they are
    outbox.py           events as written, and the marks of handled events
    idempotency.py      answers stored under their Idempotency-Key
    entry_log.py        appends through the store
    live.py             records announcements and signals
    presence.py         who is connected
    passwords.py        a real salted hash that is quick
    tables.py           the dictionaries behind the store

    a_world(…) ─▶ World of all of them
"""

from marketplace.authenticators import WebAuthn
from marketplace.derived_secrets import DerivedSecrets
from marketplace.ports import World
from tests.builders import FixedClock
from tests.memory.blobs import files
from tests.memory.entry_log import EntryLog
from tests.memory.live import Live
from tests.memory.passwords import Passwords
from tests.memory.presence import PresenceStore
from tests.memory.store import Store

__all__ = ["EntryLog", "Live", "Passwords", "PresenceStore", "Store", "a_world"]

PUBLIC_URL = "https://parley.example"


def a_world(
    *, store: Store | None = None, clock: FixedClock | None = None, live: Live | None = None
) -> World:
    """A world in memory; a test passes in the parts that it inspects afterwards."""
    clock = clock or FixedClock()
    kept = store or Store(clock)
    return World(
        store=kept,
        entry_log=EntryLog(kept),
        live=live or Live(),
        presence=PresenceStore(clock=clock),
        passwords=Passwords(),
        secrets=DerivedSecrets("0" * 32),
        authenticators=lambda: WebAuthn(PUBLIC_URL),
        clock=clock,
        files=files(),
    )
