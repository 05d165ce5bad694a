"""Change an account's email address, and undo it from the old one.

request_change ─▶ code to the new address, notice with a link to the old one
verifications.confirm {code} ─▶ change: the new address is the account's; again a notice and link
undo {token} ─▶ the old address is the account's, nobody is logged in, the password is void
"""

from dataclasses import replace
from datetime import datetime

from marketplace.actions import accounts, announcements, notifications, sessions
from marketplace.actions.codes import linked, new_code, take_quota
from marketplace.domain import codes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor, wrong_password
from marketplace.domain.addresses import AddressKind
from marketplace.domain.codes import Code, CodePurpose
from marketplace.domain.notifications import SecurityChange
from marketplace.errors import invalid
from marketplace.inputs import emails
from marketplace.ports import Repositories, World


async def request_change(
    world: World, actor: Actor, session_id: str, email: str, password: str, asked_by: str = ""
) -> None:
    """Send a code to the new address, and a notice to the present one.

    If the new address belongs to another account, that account gets a notice instead of the code;
    the caller learns nothing of it.

    Raises:
        ParleyError: `wrong_password`; `step_up_required`, as `sessions.require_factor`;
            `validation_failed` if it is the account's address already; `rate_limited`,
            `wrong_state`, as `take_quota`.
    """
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    if not await accounts.is_password(world, account, password, asked_by):
        raise wrong_password("password")
    await sessions.require_factor(world, account, session_id)
    forms = emails.stored_forms(email)
    if account.email in forms:
        raise invalid("email", "This is the account's email address already.")
    address = await world.store.addresses.get(account.id, AddressKind.EMAIL, email)
    await take_quota(world, address, CodePurpose.EMAIL)
    code = new_code(CodePurpose.EMAIL, account.id, email, now)
    holder = await world.store.accounts.by_email(*forms)
    mail = notifications.code(code)
    if holder is not None:
        mail = notifications.security(holder, SecurityChange.EMAIL_IN_USE, now)
    undo = await _undo(world.store, account, now)
    change = SecurityChange.EMAIL_CHANGE_REQUESTED
    notice = notifications.security(account, change, now, undo=undo)

    async def work(tx: Repositories) -> list[FeedItem]:
        await tx.codes.put(code)
        if undo is not None:
            await tx.codes.put(undo)
        return await notifications.add(tx, mail, notice)

    await notifications.announce(world, await world.store.transact(work))


async def change(
    tx: Repositories, account: Account, code: Code, now: datetime
) -> tuple[Account, list[FeedItem]]:
    """The account with the address that the code was sent to; the old address gets a notice.

    The old address stays reserved while the change can be undone.

    Raises:
        ParleyError: `email_taken`.
    """
    await accounts.require_free_email(tx, code.address, account.id, now)
    undo = await _undo(tx, account, now)
    if undo is not None:
        await tx.codes.put(undo)
    changed = replace(account, email=code.address)
    await tx.accounts.save(changed)
    await tx.codes.clear(codes.slot(CodePurpose.PASSWORD_RESET, account.id))
    notice = notifications.security(account, SecurityChange.EMAIL_CHANGED, now, undo=undo)
    return changed, await notifications.add(tx, notice)


async def undo(world: World, token: str) -> list[str]:
    """Give the account back to the owner of the old address; returns the log-ins that it ended.

    The person who asked for the change knew the password, and perhaps set up a second factor or a passkey:
    none of these works afterwards. The owner gets the link of a password reset.

    Raises:
        ParleyError: `invalid_code`; `email_taken` if another account has the old address.
    """
    now = world.clock.now()
    code = await linked(world, token, CodePurpose.EMAIL_UNDO)

    async def work(tx: Repositories) -> tuple[list[str], list[FeedItem]]:
        account = await tx.accounts.get(code.account_id)
        if account is None or not await tx.codes.spend(code):
            raise codes.refused("token")
        restored = replace(
            account, email=code.address, password_hash="", credentials=account.credentials + 1
        )
        await tx.accounts.save(restored)
        factor = await tx.second_factors.get(account.id)
        if factor is not None and factor.created_at >= code.created_at:
            await tx.second_factors.delete(account.id)
        await tx.passkeys.remove_since(account.id, code.created_at)
        await tx.codes.forget(account.id)
        reset = new_code(CodePurpose.PASSWORD_RESET, account.id, code.address, now)
        await tx.codes.put(reset)
        sent = [
            notifications.security(restored, SecurityChange.EMAIL_CHANGE_UNDONE, now),
            notifications.code(reset),
        ]
        items = await notifications.add(tx, *sent)
        return await tx.sessions.delete_all(account.id), items

    connected_as = await accounts.acting_id(world.store, code.account_id)
    ended, items = await world.store.transact(work)
    for session_id in ended:
        announcements.session_ended(world, connected_as, session_id)
    await notifications.announce(world, items)
    return ended


async def _undo(tx: Repositories, account: Account, now: datetime) -> Code | None:
    """The link that undoes a change away from the account's address.

    None if the address is not verified: a stranger may have it, who must not get the account.
    """
    address = await tx.addresses.get(account.id, AddressKind.EMAIL, account.email)
    if not address.is_verified:
        return None
    return new_code(CodePurpose.EMAIL_UNDO, account.id, account.email, now)
