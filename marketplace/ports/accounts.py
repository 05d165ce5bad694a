"""Accounts, their log-in sessions, and password hashes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.domain.accounts import Account, Session
from marketplace.domain.pages import Page, PageRequest


class Accounts(Protocol):
    """Accounts, unique by email."""

    async def add(self, account: Account) -> None:
        """Insert; raises ParleyError `email_taken`."""

    async def get(self, account_id: str) -> Account | None:
        """The account with this id."""

    async def by_email(self, *forms: str) -> Account | None:
        """The account with the first of these stored forms of one address that any account has."""

    async def save(self, account: Account) -> None:
        """Replace what this version knows of an account; raises ParleyError `email_taken`."""

    async def delete(self, account_id: str) -> bool:
        """Delete the account; False if there is none."""


class Sessions(Protocol):
    """Log-in sessions; removed automatically after they expire."""

    async def add(self, session: Session) -> None:
        """Insert."""

    async def get(self, session_id: str) -> Session | None:
        """The session with this id."""

    async def alive(self, session_ids: Sequence[str]) -> set[str]:
        """The ids of these sessions that have not ended."""

    async def rotate(self, session_id: str, old_hash: str, new_hash: str, at: datetime) -> bool:
        """Replace the refresh token's hash if it is still the old one.

        Only one of several concurrent calls succeeds. The old hash becomes the previous one, with
        `at` as the time of the rotation.
        """

    async def authenticated(self, session_id: str, at: datetime, credentials: int) -> None:
        """Record that the log-in's owner proved who they are, under the account's number."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Session]:
        """An account's sessions that have not ended, newest first."""

    async def delete(self, session_id: str) -> None:
        """End the session; does nothing if it has already ended."""

    async def delete_all(self, account_id: str, besides: str | None = None) -> list[str]:
        """End an account's sessions, except one; returns the ids of those that it ended."""


class Passwords(Protocol):
    """Hashes passwords slowly, off the event loop, in a bounded queue.

    `asked_by` is the network address that the request came from: addresses take turns. Both methods
    raise ParleyError `unavailable` if the queue is full.
    """

    async def hash(self, password: str, asked_by: str = "") -> str:
        """A salted hash that includes its own parameters."""

    async def matches(self, password_hash: str | None, password: str, asked_by: str = "") -> bool:
        """Whether the password is correct; takes equally long for an unknown account (None)."""
