"""Verify an email address or a phone by a code; this completes a change of email."""

from datetime import datetime

from marketplace.actions import accounts, emails, notifications
from marketplace.actions.codes import accepted, new_code, take_quota
from marketplace.domain import addresses, codes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor
from marketplace.domain.addresses import AddressKind, Source
from marketplace.errors import Code as ErrorCode
from marketplace.errors import FieldError, ParleyError
from marketplace.ports import Repositories, World


async def request(world: World, actor: Actor, kind: AddressKind) -> None:
    """Send a code to the account's phone or email address, or to the one it is changing to.

    Raises:
        ParleyError: `wrong_state` without a phone, for a verified address and for one that refused
            our messages; `rate_limited`.
    """
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    address = await world.store.addresses.get(
        account.id, kind, await _address_to_prove(world, account, kind, now)
    )
    if address.is_verified and address.address in {account.email, account.phone}:
        raise _not_possible(kind, "This address is verified already.")
    purpose = codes.purpose_of(kind)
    await take_quota(world, address, purpose)
    code = new_code(purpose, account.id, address.address, now)
    notification = notifications.code(code)

    async def work(tx: Repositories) -> list[FeedItem]:
        await tx.codes.put(code)
        return await notifications.add(tx, notification)

    await notifications.announce(world, await world.store.transact(work))


async def confirm(world: World, actor: Actor, kind: AddressKind, typed: str) -> Account:
    """Verify the address that a code was sent to; an email address becomes the account's.

    Raises:
        ParleyError: `invalid_code`; `email_taken` if another account got the new email address
            meanwhile.
    """
    now = world.clock.now()
    code = await accepted(world, codes.purpose_of(kind), actor.account_id, typed)

    async def work(tx: Repositories) -> tuple[Account, list[FeedItem]]:
        account = accounts.require(await tx.accounts.get(actor.account_id))
        if not await tx.codes.spend(code):
            raise codes.refused("code")
        items: list[FeedItem] = []
        if kind is AddressKind.EMAIL and code.address != account.email:
            account, items = await emails.change(tx, account, code, now)
        elif code.address not in {account.email, account.phone}:
            raise codes.refused("code")
        known = await tx.addresses.get(account.id, kind, code.address)
        await tx.addresses.save(addresses.verified(known, Source.CODE, now))
        return account, items

    account, items = await world.store.transact(work)
    await notifications.announce(world, items)
    return account


async def _address_to_prove(
    world: World, account: Account, kind: AddressKind, now: datetime
) -> str:
    if kind is AddressKind.PHONE:
        if account.phone is None:
            raise _not_possible(kind, "The account has no phone. Add one with PATCH /v1/me.")
        return account.phone
    pending = await world.store.codes.get(codes.slot(codes.purpose_of(kind), account.id))
    return pending.address if pending is not None and pending.is_live(now) else account.email


def _not_possible(kind: AddressKind, text: str) -> ParleyError:
    return ParleyError(ErrorCode.WRONG_STATE, text, errors=[FieldError(kind.value, text)])


async def require_verified_email(tx: Repositories, account_id: str) -> None:
    """Refuse an account whose email address is not verified.

    Raises:
        ParleyError: `email_unverified`; `unauthenticated` if the account no longer exists.
    """
    account = accounts.require(await tx.accounts.get(account_id))
    addresses.require_verified_email(
        await tx.addresses.get(account_id, AddressKind.EMAIL, account.email)
    )
