"""Accounts: identity, role, and log-in sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.errors import Code, ParleyError

# A client retries within seconds if a bad network lost the response.
REPEATED_REFRESH_FOR = timedelta(seconds=60)


class Role(StrEnum):
    """An account's role; `system` acts for the marketplace itself and cannot log in."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. A vendor's id is the id of its account."""

    id: str
    role: Role
    email: str
    password_hash: str
    name: str
    phone: str | None
    locale: str
    timezone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in session; only hashes of its last two refresh tokens are stored."""

    id: str
    account_id: str
    refresh_token_hash: str
    created_at: datetime
    expires_at: datetime
    previous_refresh_token_hash: str | None = None
    rotated_at: datetime | None = None

    def is_repeated(self, token: "PresentedToken", now: datetime) -> bool:
        """Whether the token was exchanged for the current one less than a minute ago."""
        return (
            self.previous_refresh_token_hash == token.hash
            and self.refresh_token_hash == token.successor_hash
            and self.rotated_at is not None
            and now - self.rotated_at <= REPEATED_REFRESH_FOR
        )


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token that a client presents: its session, its hash and its successor's hash.

    `is_issued` says that this deployment issued it, now or earlier.
    """

    session_id: str
    hash: str
    successor_hash: str
    is_issued: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who causes a change, and the request or event that led to it (for the event's envelope)."""

    account_id: str
    role: Role
    correlation_id: str | None = None
    causation_id: str | None = None

    def require(self, *roles: Role) -> None:
        """Refuse all other roles.

        Raises:
            ParleyError: `forbidden`.
        """
        if self.role not in roles:
            allowed = " or ".join(roles)
            raise ParleyError(Code.FORBIDDEN, f"This requires the role {allowed}.")
