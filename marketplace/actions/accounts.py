"""Register, log in, refresh, log out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marketplace.actions import announcements
from marketplace.actions.events import vendor_event
from marketplace.domain import vendors
from marketplace.domain.accounts import (
    Account,
    Actor,
    PresentedToken,
    Role,
    Session,
)
from marketplace.errors import Code, FieldError, ParleyError
from marketplace.ids import new_id
from marketplace.inputs import emails, passwords
from marketplace.ports import Repositories, World

SESSION_TTL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """An account and its new log-in session."""

    account: Account
    session_id: str


async def register(world: World, details: Mapping[str, Any], asked_by: str = "") -> Account:
    """Create an account from details that `schemas.accounts.Register` has validated.

    A vendor's account is created with an empty profile in state `applied`.

    Raises:
        ParleyError: `email_taken`; `unavailable` if too many people register or log in at once.
    """
    now = world.clock.now()
    account = Account(
        id=new_id(),
        role=Role(details["role"]),
        email=details["email"],
        password_hash=await world.passwords.hash(details["password"], asked_by),
        name=details["name"],
        phone=details["phone"],
        locale=details["locale"],
        timezone=details["timezone"],
        created_at=now,
    )
    actor = Actor(account.id, account.role)

    async def work(tx: Repositories) -> Account:
        # The unique index covers one form; version 0.1 may have stored another.
        if await tx.accounts.by_email(*emails.stored_forms(account.email)) is not None:
            field_error = FieldError(
                "email", "An account with this email address already exists. Log in instead."
            )
            raise ParleyError(Code.EMAIL_TAKEN, field_error.message, errors=[field_error])
        await tx.accounts.add(account)
        if account.role is Role.VENDOR:
            vendor = vendors.apply(account.id, now)
            await tx.vendors.add(vendor)
            await tx.outbox.add(vendor_event("vendor.applied", vendor, actor))
        return account

    return await world.store.transact(work)


async def authenticate(world: World, email: str, password: str, asked_by: str = "") -> Account:
    """The account with this email address and password, both as typed.

    Raises:
        ParleyError: `unauthenticated`, the same for a wrong address and a wrong password;
            `unavailable` if too many people log in at once.
    """
    account = await world.store.accounts.by_email(*emails.stored_forms(email))
    password_hash = account.password_hash if account else None
    # Version 0.1 hashed a password as typed.
    for form in dict.fromkeys((passwords.normalized(password), password)):
        if await world.passwords.matches(password_hash, form, asked_by) and account is not None:
            return account
    raise ParleyError(Code.UNAUTHENTICATED, "The email address or password is incorrect.")


async def own_account(world: World, actor: Actor) -> Account:
    """The actor's account.

    Raises:
        ParleyError: `unauthenticated` if it no longer exists.
    """
    account = await world.store.accounts.get(actor.account_id)
    if account is None:
        raise ParleyError(Code.UNAUTHENTICATED, "The account no longer exists.")
    return account


async def open_session(
    world: World, account: Account, session_id: str, refresh_token_hash: str
) -> LoggedIn:
    """Create a log-in session that lasts 30 days."""
    now = world.clock.now()
    session = Session(session_id, account.id, refresh_token_hash, now, now + SESSION_TTL)
    await world.store.sessions.add(session)
    return LoggedIn(account, session_id)


async def refresh(world: World, token: PresentedToken) -> LoggedIn:
    """Exchange a refresh token for its successor.

    For a minute after its first use, a token can be exchanged for the same successor again: the
    first response may have been lost, and a duplicated browser tab holds the same token. If a token
    is used again later than that, somebody holds a copy, and the session ends for both (RFC 9700,
    section 4.14). A token that was never issued ends nothing.

    Raises:
        ParleyError: `unauthenticated`.
    """
    session = await world.store.sessions.get(token.session_id)
    refused = ParleyError(Code.UNAUTHENTICATED, "The refresh token is invalid. Log in again.")
    if session is None or session.expires_at <= world.clock.now():
        raise refused
    if not await _exchanged(world, token):
        if token.is_issued:
            await log_out(world, session.account_id, session.id)
        raise refused
    account = await world.store.accounts.get(session.account_id)
    if account is None:
        raise refused
    return LoggedIn(account, session.id)


async def _exchanged(world: World, token: PresentedToken) -> bool:
    """Whether the successor is now the session's current token."""
    now = world.clock.now()
    sessions = world.store.sessions
    if await sessions.rotate(token.session_id, token.hash, token.successor_hash, now):
        return True
    # Read after the failed attempt: a concurrent request may just have rotated the token.
    session = await sessions.get(token.session_id)
    return session is not None and session.is_repeated(token, now)


async def log_out(world: World, account_id: str, session_id: str) -> None:
    """End a log-in session of an account, and with it the session's connections to gateways."""
    await world.store.sessions.delete(session_id)
    announcements.session_ended(world, account_id, session_id)
