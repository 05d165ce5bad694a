"""Register, log in, refresh, log out; the profile."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from marketplace.actions import announcements, notifications
from marketplace.actions.events import vendor_event
from marketplace.domain import addresses, audit, codes, vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import (
    Account,
    Actor,
    OwnAccount,
    PresentedToken,
    Role,
    Session,
)
from marketplace.domain.addresses import Address, AddressKind, Source
from marketplace.domain.codes import CodePurpose
from marketplace.domain.notifications import SecurityChange
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
        await require_free_email(tx, account.email, account.id, now)
        await tx.accounts.add(account)
        for address in _given_addresses(account, now):
            await tx.addresses.save(address)
        if account.role is Role.VENDOR:
            vendor = vendors.apply(account.id, now)
            await tx.vendors.add(vendor)
            applied = audit.record(new_id(), vendor.id, "vendor.applied", actor, (), now)
            await tx.audit.add(applied)
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
    if await is_password(world, account, password, asked_by) and account is not None:
        return account
    raise ParleyError(Code.UNAUTHENTICATED, "The email address or password is incorrect.")


async def is_password(
    world: World, account: Account | None, password: str, asked_by: str = ""
) -> bool:
    """Whether this is the account's password; takes equally long for no account.

    Raises:
        ParleyError: `unavailable` if too many people log in at once.
    """
    password_hash = (account.password_hash if account is not None else None) or None
    # Version 0.1 hashed a password as typed.
    for form in dict.fromkeys((passwords.normalized(password), password)):
        if await world.passwords.matches(password_hash, form, asked_by):
            return True
    return False


async def require_free_email(tx: Repositories, email: str, account_id: str, now: datetime) -> None:
    """Refuse an email address that another account has, or may get back by undoing a change.

    Raises:
        ParleyError: `email_taken`.
    """
    # The unique index covers one form; version 0.1 may have stored another.
    holder = await tx.accounts.by_email(*emails.stored_forms(email))
    reserved_for = await tx.codes.reserved_for(email, now)
    if holder is not None or reserved_for not in {None, account_id}:
        text = "An account with this email address already exists. Log in instead."
        raise ParleyError(Code.EMAIL_TAKEN, text, errors=[FieldError("email", text)])


def _given_addresses(account: Account, now: datetime) -> list[Address]:
    """The addresses of a new account, to which its owner consented by registering."""
    given = [addresses.unknown(account.id, AddressKind.EMAIL, account.email)]
    if account.phone is not None:
        given.append(addresses.unknown(account.id, AddressKind.PHONE, account.phone))
    return [addresses.consented(address, Source.REGISTRATION, now) for address in given]


async def update(world: World, actor: Actor, profile: Mapping[str, Any]) -> Account:
    """Replace the given fields of the profile: name, phone, locale, time zone.

    A conversation keeps the name that the person had when it started.

    Raises:
        ParleyError: `unauthenticated` if the account no longer exists.
    """
    now = world.clock.now()
    before = await own_account(world, actor)
    notice = notifications.security(before, SecurityChange.PHONE_CHANGED, now)

    async def work(tx: Repositories) -> tuple[Account, list[FeedItem]]:
        kept = require(await tx.accounts.get(actor.account_id))
        after = replace(kept, **profile)
        await tx.accounts.save(after)
        if after.phone == kept.phone:
            return after, []
        await tx.codes.clear(codes.slot(CodePurpose.PHONE, after.id))
        if after.phone is not None:
            known = await tx.addresses.get(after.id, AddressKind.PHONE, after.phone)
            await tx.addresses.save(addresses.consented(known, Source.PROFILE, now))
        return after, await notifications.add(tx, notice)

    account, items = await world.store.transact(work)
    await notifications.announce(world, items)
    return account


async def own_account(world: World, actor: Actor) -> Account:
    """The actor's account.

    Raises:
        ParleyError: `unauthenticated` if it no longer exists.
    """
    return require(await world.store.accounts.get(actor.account_id))


def require(account: Account | None) -> Account:
    """The account.

    Raises:
        ParleyError: `unauthenticated` if it no longer exists.
    """
    if account is None:
        raise ParleyError(Code.UNAUTHENTICATED, "The account no longer exists.")
    return account


async def as_registered(world: World, account_id: str, email: str) -> Account:
    """The account, while what it was registered with still logs in to it.

    Raises:
        ParleyError: `unauthenticated` if it no longer exists, its email address or password has
            changed, or it has a second factor.
    """
    account = require(await world.store.accounts.get(account_id))
    factor = await world.store.second_factors.get(account_id)
    if account.email != email or account.credentials or (factor is not None and factor.is_on):
        raise ParleyError(Code.UNAUTHENTICATED, "This account exists by now. Log in.")
    return account


async def as_seen(world: World, account: Account) -> OwnAccount:
    """The account as its owner sees it."""
    verified_at = {
        (address.kind, address.address): address.verified_at
        for address in await world.store.addresses.of_account(account.id)
    }
    factor = await world.store.second_factors.get(account.id)
    values = {field.name: getattr(account, field.name) for field in fields(Account)}
    return OwnAccount(
        **values,
        email_verified_at=verified_at.get((AddressKind.EMAIL, account.email)),
        phone_verified_at=verified_at.get((AddressKind.PHONE, account.phone or "")),
        has_second_factor=factor is not None and factor.is_on,
    )


async def open_session(
    world: World,
    account: Account,
    session_id: str,
    refresh_token_hash: str,
    device: str | None = None,
) -> LoggedIn:
    """Create a log-in session that lasts 30 days.

    Raises:
        ParleyError: `unauthenticated` if the account was erased, or its password changed, since it
            was authenticated.
    """
    now = world.clock.now()
    session = Session(
        id=session_id,
        account_id=account.id,
        refresh_token_hash=refresh_token_hash,
        created_at=now,
        expires_at=now + SESSION_TTL,
        device=device,
        authenticated_at=now,
        credentials=account.credentials,
    )
    await world.store.sessions.add(session)
    # A change that has not ended this session is either committed by now, or ends it yet.
    current = await world.store.accounts.get(account.id)
    if current is None or current.credentials != account.credentials:
        await world.store.sessions.delete(session_id)
        raise ParleyError(Code.UNAUTHENTICATED, "The password has changed. Log in again.")
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
    if account is None or not await _has_credentials(world, session, account):
        await log_out(world, session.account_id, session.id)
        raise refused
    return LoggedIn(account, session.id)


async def _has_credentials(world: World, session: Session, account: Account) -> bool:
    """Whether the log-in is not older than the password, besides the one that changed it."""
    if session.credentials == account.credentials:
        return True
    # The password may have changed, by this very log-in, between the two reads.
    again = await world.store.sessions.get(session.id)
    return again is not None and again.credentials == account.credentials


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
    connected_as = await acting_id(world.store, account_id)
    await world.store.sessions.delete(session_id)
    announcements.session_ended(world, connected_as, session_id)


async def acting_id(store: Repositories, account_id: str) -> str:
    """The account that a person's apps are connected as: for a member of a team, the vendor's."""
    member = await store.members.get(account_id)
    return account_id if member is None else member.vendor_id
