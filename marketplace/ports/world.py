"""All that an action may reach."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.ports.accounts import Passwords
from marketplace.ports.conversations import EntryLog
from marketplace.ports.live import Live, Presence
from marketplace.ports.store import Store


class Clock(Protocol):
    """Tells the time; tests pass one that stands still."""

    def now(self) -> datetime:
        """The time in UTC, cut to milliseconds (what the store keeps)."""


@dataclass(frozen=True, slots=True)
class World:
    """All that an action may reach."""

    store: Store
    entry_log: EntryLog
    live: Live
    presence: Presence
    passwords: Passwords
    clock: Clock
