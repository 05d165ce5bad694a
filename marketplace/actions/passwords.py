"""Change a password, and reset a forgotten one by a link."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from marketplace.actions import accounts, announcements, notifications, sessions
from marketplace.actions.codes import linked, new_code, take_quota
from marketplace.domain import addresses, codes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor, wrong_password
from marketplace.domain.addresses import AddressKind, Source
from marketplace.domain.codes import CodePurpose
from marketplace.domain.notifications import SecurityChange
from marketplace.errors import ParleyError, invalid
from marketplace.inputs import emails, passwords
from marketplace.ports import Repositories, World


async def change(
    world: World, actor: Actor, session_id: str, current: str, new: str, asked_by: str = ""
) -> list[str]:
    """Replace the actor's password; returns the other log-ins, which it ends.

    Raises:
        ParleyError: `wrong_password`; `step_up_required`, as `sessions.require_factor`;
            `validation_failed` for a new password that is easy to guess; `unavailable` if too many
            people log in at once.
    """
    now = world.clock.now()
    checked = await accounts.own_account(world, actor)
    if not await accounts.is_password(world, checked, current, asked_by):
        raise wrong_password("current")
    await sessions.require_factor(world, checked, session_id)
    _require_hard_to_guess(checked, new, "new")
    new_hash = await world.passwords.hash(new, asked_by)
    notice = notifications.security(checked, SecurityChange.PASSWORD_CHANGED, now)

    async def work(tx: Repositories) -> tuple[list[str], list[FeedItem]]:
        account = accounts.require(await tx.accounts.get(checked.id))
        if account.password_hash != checked.password_hash:
            raise wrong_password("current")
        ended = await _set_password(tx, account, new_hash, besides=session_id)
        await tx.sessions.authenticated(session_id, now, account.credentials + 1)
        return ended, await notifications.add(tx, notice)

    connected_as = await accounts.acting_id(world.store, checked.id)
    ended, items = await world.store.transact(work)
    await _announce(world, connected_as, ended, items)
    return ended


async def request_reset(world: World, email: str) -> None:
    """Send the link of a password reset, if an account has this email address, as typed.

    Does nothing above the quota of codes, and for an address that refused our messages: the answer
    must not depend on it.
    """
    now = world.clock.now()
    account = await world.store.accounts.by_email(*emails.stored_forms(email))
    if account is None:
        return
    address = await world.store.addresses.get(account.id, AddressKind.EMAIL, account.email)
    try:
        await take_quota(world, address, CodePurpose.PASSWORD_RESET)
    except ParleyError:
        return
    code = new_code(CodePurpose.PASSWORD_RESET, account.id, account.email, now)
    mail = notifications.code(code)

    async def work(tx: Repositories) -> list[FeedItem]:
        await tx.codes.put(code)
        return await notifications.add(tx, mail)

    await notifications.announce(world, await world.store.transact(work))


async def reset(world: World, token: str, new: str, asked_by: str = "") -> list[str]:
    """Replace the password of a link's account; returns its log-ins, which it ends.

    Who has the link receives the account's email, so the address is verified as well.

    Raises:
        ParleyError: `invalid_code`; `validation_failed` for a password that is easy to guess;
            `unavailable` if too many people log in at once.
    """
    now = world.clock.now()
    code = await linked(world, token, CodePurpose.PASSWORD_RESET)
    checked = await world.store.accounts.get(code.account_id)
    if checked is None:
        raise codes.refused("token")
    _require_hard_to_guess(checked, new, "password")
    new_hash = await world.passwords.hash(new, asked_by)

    async def work(tx: Repositories) -> tuple[list[str], list[FeedItem]]:
        account = await tx.accounts.get(code.account_id)
        if account is None or account.email != code.address or not await tx.codes.spend(code):
            raise codes.refused("token")
        known = await tx.addresses.get(account.id, AddressKind.EMAIL, account.email)
        await tx.addresses.save(addresses.verified(known, Source.RESET_LINK, now))
        notice = notifications.security(account, SecurityChange.PASSWORD_CHANGED, now)
        items = await notifications.add(tx, notice)
        return await _set_password(tx, account, new_hash), items

    connected_as = await accounts.acting_id(world.store, code.account_id)
    ended, items = await world.store.transact(work)
    await _announce(world, connected_as, ended, items)
    return ended


async def _set_password(
    tx: Repositories, account: Account, new_hash: str, besides: str | None = None
) -> list[str]:
    """Store the hash under the next number, and end the log-ins, except one.

    A change of email that was requested with the old password ends too.
    """
    changed = replace(account, password_hash=new_hash, credentials=account.credentials + 1)
    await tx.accounts.save(changed)
    await tx.codes.clear(
        codes.slot(CodePurpose.PASSWORD_RESET, account.id),
        codes.slot(CodePurpose.EMAIL, account.id),
    )
    return await tx.sessions.delete_all(account.id, besides)


async def _announce(
    world: World, connected_as: str, ended: Iterable[str], items: Sequence[FeedItem]
) -> None:
    for session_id in ended:
        announcements.session_ended(world, connected_as, session_id)
    await notifications.announce(world, items)


def _require_hard_to_guess(account: Account, password: str, path: str) -> None:
    personal = (account.email, account.email.partition("@")[0], account.name)
    try:
        passwords.require_hard_to_guess(password, personal)
    except ValueError as error:
        raise invalid(path, str(error)) from error
