"""Add passkeys and remove them, and prove by one who somebody is.

    options ─▶ a challenge that only this deployment can make ─▶ the device signs it ─▶ add, or prove

A challenge is stored nowhere until it was answered; then it is used up.
"""

from typing import Any

from marketplace.actions import accounts, notifications
from marketplace.domain import passkeys
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor
from marketplace.domain.notifications import SecurityChange
from marketplace.domain.passkeys import CHALLENGE_LIFETIME, ChallengeUse, Passkey
from marketplace.ids import new_id
from marketplace.ports import Repositories, World


async def options_to_add(world: World, actor: Actor) -> dict[str, Any]:
    """What the actor's device needs to make a passkey.

    Raises:
        ParleyError: `wrong_state` if the account has as many as it may have.
    """
    account = await accounts.own_account(world, actor)
    known = await world.store.passkeys.of_account(account.id)
    passkeys.require_room(len(known))
    challenge = world.secrets.challenge(ChallengeUse.ADD, account.id, world.clock.now())
    return world.authenticators().options_to_add(account, challenge, known)


async def add(world: World, actor: Actor, credential: str, name: str) -> Passkey:
    """Add the passkey that the actor's device has made.

    Raises:
        ParleyError: `invalid_code`; `wrong_state`, as `options_to_add`.
    """
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    challenge = await _answered(world, credential, ChallengeUse.ADD, account.id)
    try:
        made = world.authenticators().added(credential, challenge)
    except ValueError as error:
        raise passkeys.refused("credential") from error
    passkey = Passkey(
        new_id(), account.id, made.credential_id, made.public_key, name, now, made.sign_count
    )
    notice = notifications.security(account, SecurityChange.PASSKEY_ADDED, now)

    async def work(tx: Repositories) -> list[FeedItem]:
        accounts.require(await tx.accounts.get(account.id))
        passkeys.require_room(len(await tx.passkeys.of_account(account.id)))
        if not await tx.passkeys.add(passkey):
            raise passkeys.refused("credential")
        return await notifications.add(tx, notice)

    await notifications.announce(world, await world.store.transact(work))
    return passkey


async def own_passkeys(world: World, actor: Actor) -> list[Passkey]:
    """The actor's passkeys, newest first."""
    return await world.store.passkeys.of_account(actor.account_id)


async def remove(world: World, actor: Actor, passkey_id: str) -> None:
    """Remove a passkey of the actor.

    Raises:
        ParleyError: `not_found`, also for one of somebody else.
    """
    account = await accounts.own_account(world, actor)
    now = world.clock.now()
    notice = notifications.security(account, SecurityChange.PASSKEY_REMOVED, now)

    async def work(tx: Repositories) -> list[FeedItem]:
        if not await tx.passkeys.remove(account.id, passkey_id):
            raise passkeys.not_found()
        return await notifications.add(tx, notice)

    await notifications.announce(world, await world.store.transact(work))


def options_to_prove(world: World) -> dict[str, Any]:
    """What a device needs to prove who its owner is."""
    challenge = world.secrets.challenge(ChallengeUse.PROVE, "", world.clock.now())
    return world.authenticators().options_to_prove(challenge)


async def prove(world: World, credential: str, path: str = "credential") -> Account:
    """The account whose passkey answered a challenge of ours; each answer passes once.

    Raises:
        ParleyError: `invalid_code`, the same for every cause.
    """
    try:
        credential_id = world.authenticators().credential_id_in(credential)
    except ValueError as error:
        raise passkeys.refused(path) from error
    passkey = await world.store.passkeys.by_credential(credential_id)
    account = await world.store.accounts.get(passkey.account_id) if passkey is not None else None
    if passkey is None or account is None:
        raise passkeys.refused(path)
    challenge = await _answered(world, credential, ChallengeUse.PROVE, "", path)
    try:
        sign_count = world.authenticators().proved(credential, challenge, passkey)
    except ValueError as error:
        raise passkeys.refused(path) from error
    if not await world.store.passkeys.use(passkey, sign_count, world.clock.now()):
        raise passkeys.refused(path)
    return account


async def _answered(
    world: World, credential: str, use: ChallengeUse, subject: str, path: str = "credential"
) -> bytes:
    """The challenge that a device answered, used up: it is ours, for this use, and not expired."""
    now = world.clock.now()
    try:
        challenge = world.authenticators().challenge_in(credential)
    except ValueError as error:
        raise passkeys.refused(path) from error
    if not world.secrets.is_challenge(challenge, use, subject, now):
        raise passkeys.refused(path)
    key, holder = f"challenge:{challenge.hex()}", new_id()
    if not await world.store.send_quotas.take(key, holder, now, 1, CHALLENGE_LIFETIME):
        raise passkeys.refused(path)
    return challenge
