"""Accounts: identity, role, and log-in sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.errors import Code, FieldError, ParleyError

# A client retries within seconds if a bad network lost the response.
REPEATED_REFRESH_FOR = timedelta(seconds=60)
# A dangerous change needs a password or a second factor that was given this recently.
STEP_UP_FOR = timedelta(minutes=15)


class Role(StrEnum):
    """An account's role; `system` acts for the marketplace itself and cannot log in."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    ADMIN = "admin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. A vendor's id is the id of its account.

    `password_hash` is empty if only a reset can set a password. `credentials` counts the changes of
    the password: a log-in with an earlier number cannot be refreshed.
    """

    id: str
    role: Role
    email: str
    password_hash: str
    name: str
    phone: str | None
    locale: str
    timezone: str
    created_at: datetime
    credentials: int = 0


@dataclass(frozen=True, slots=True)
class OwnAccount(Account):
    """An account as its owner sees it: with what is verified, and whether a second factor is on."""

    email_verified_at: datetime | None = None
    phone_verified_at: datetime | None = None
    has_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in session; only hashes of its last two refresh tokens are stored.

    `authenticated_at` is when the password or the second factor was last given. `credentials` is
    the account's number at the log-in.
    """

    id: str
    account_id: str
    refresh_token_hash: str
    created_at: datetime
    expires_at: datetime
    previous_refresh_token_hash: str | None = None
    rotated_at: datetime | None = None
    device: str | None = None
    authenticated_at: datetime | None = None
    credentials: int = 0

    @property
    def last_used_at(self) -> datetime:
        """When it was last used, to within the lifetime of an access token: the last refresh."""
        return self.rotated_at or self.created_at

    def require_recent(self, now: datetime) -> None:
        """Refuse a dangerous change unless the password or the second factor was given recently.

        Raises:
            ParleyError: `step_up_required`.
        """
        if now - (self.authenticated_at or self.created_at) > STEP_UP_FOR:
            raise ParleyError(
                Code.STEP_UP_REQUIRED,
                "Confirm that it is you first: POST /v1/me/step-up with your password or the code "
                "of your second factor.",
            )

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
    """Who causes a change, and the request or event that led to it (for the event's envelope).

    A member of a vendor's team acts as the vendor; `member_id` is then the member's own account.
    """

    account_id: str
    role: Role
    correlation_id: str | None = None
    causation_id: str | None = None
    member_id: str | None = None

    @property
    def person_id(self) -> str:
        """The account of the person who acts, also when they act for a vendor."""
        return self.member_id or self.account_id

    def require(self, *roles: Role) -> None:
        """Refuse all other roles.

        Raises:
            ParleyError: `forbidden`.
        """
        if self.role not in roles:
            allowed = " or ".join(roles)
            raise ParleyError(Code.FORBIDDEN, f"This requires the role {allowed}.")


def wrong_password(path: str) -> ParleyError:
    """The refusal of a logged-in person's own password."""
    text = "The password is incorrect."
    return ParleyError(Code.WRONG_PASSWORD, text, errors=[FieldError(path, text)])
