"""The ports of the marketplace in memory, for tests of what stands on them.

They keep the same guarantees as the real parts and pass the same suite (tests/contracts).

    store.py            Store: all collections, transactions by snapshot and restore under one lock
    accounts.py  vendors.py  rfis.py  matches.py  quotes.py  conversations.py  reports.py
    notifications.py
    outbox.py           events as written, and marks for those that had their effect
    idempotency.py      answers kept under their Idempotency-Key
    entry_log.py        appends by way of the store
    live.py             keeps what was announced
    presence.py         who is connected
    passwords.py        a real salted hash that is quick

    a_world(…) ─▶ World of all of them
"""

from marketplace.ports import World
from tests.builders import FixedClock
from tests.memory.entry_log import EntryLog
from tests.memory.live import Live
from tests.memory.passwords import Passwords
from tests.memory.presence import Presence
from tests.memory.store import Store

__all__ = ["EntryLog", "Live", "Passwords", "Presence", "Store", "a_world"]


def a_world(
    *, store: Store | None = None, clock: FixedClock | None = None, live: Live | None = None
) -> World:
    """A world in memory; a test hands in what it wants to look at afterwards."""
    clock = clock or FixedClock()
    kept = store or Store(clock)
    return World(
        store=kept,
        entry_log=EntryLog(kept),
        live=live or Live(),
        presence=Presence(clock=clock),
        passwords=Passwords(),
        clock=clock,
    )
