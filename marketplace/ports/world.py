"""All that an action may reach."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from marketplace.domain import matches
from marketplace.domain.matches import Match
from marketplace.domain.policy import Policy
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
    policy: Policy = field(default_factory=Policy)

    def current_match(self, match: Match) -> Match:
        """The match now: an offer that is too old is closed, whether or not that was noted yet."""
        return matches.as_of(match, self.clock.now(), self.policy.offer_lifetime)
