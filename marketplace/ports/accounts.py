"""Accounts, their log-ins, and password hashes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.accounts import Account, Session


class Accounts(Protocol):
    """Accounts, unique by email."""

    async def add(self, account: Account) -> None:
        """Insert; raises ParleyError `email_taken`."""

    async def get(self, account_id: str) -> Account | None:
        """By id."""

    async def by_email(self, *forms: str) -> Account | None:
        """By the first of these stored forms of one address that an account has."""


class Sessions(Protocol):
    """Log-ins; gone by themselves after they expire."""

    async def add(self, session: Session) -> None:
        """Insert."""

    async def get(self, session_id: str) -> Session | None:
        """By id."""

    async def alive(self, session_ids: Sequence[str]) -> set[str]:
        """Those of these log-ins that have not ended."""

    async def rotate(self, session_id: str, old_hash: str, new_hash: str, at: datetime) -> bool:
        """Replace the refresh token's hash if it still is the old one; only one of two racers does.

        The old hash becomes the previous one, rotated `at` this moment.
        """

    async def delete(self, session_id: str) -> None:
        """End the log-in; nothing happens when it is gone already."""


class Passwords(Protocol):
    """Hashes passwords slowly, off the event loop, in a bounded queue.

    `asked_by` is the address of the person who asks: addresses take turns.  Both methods raise
    ParleyError `unavailable` when the queue is full.
    """

    async def hash(self, password: str, asked_by: str = "") -> str:
        """A salted hash that tells its own parameters."""

    async def matches(self, password_hash: str | None, password: str, asked_by: str = "") -> bool:
        """Whether the password is the one; takes as long for an unknown account (None)."""
