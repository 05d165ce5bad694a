"""Everything that an action may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from marketplace.domain import matches
from marketplace.domain.matches import Match
from marketplace.domain.policy import Policy
from marketplace.ports.accounts import Passwords
from marketplace.ports.blobs import Files
from marketplace.ports.conversations import EntryLog
from marketplace.ports.live import Live, PresenceStore
from marketplace.ports.passkeys import Authenticators
from marketplace.ports.secrets import Secrets
from marketplace.ports.store import Store


class Clock(Protocol):
    """Tells the time; tests pass a clock that stands still."""

    def now(self) -> datetime:
        """The current time in UTC, truncated to milliseconds (the store's precision)."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that an action may use."""

    store: Store
    entry_log: EntryLog
    live: Live
    presence: PresenceStore
    passwords: Passwords
    secrets: Secrets
    authenticators: Callable[[], Authenticators]
    clock: Clock
    files: Files
    policy: Policy = field(default_factory=Policy)

    def current_match(self, match: Match) -> Match:
        """The match at this moment: an expired offer counts as closed, even if not stored so."""
        return matches.as_of(match, self.clock.now(), self.policy.offer_lifetime)
