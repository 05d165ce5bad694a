"""Set up a second factor, turn it off, and check its codes."""

from marketplace.actions import accounts, notifications
from marketplace.domain import codes, second_factors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Account, Actor
from marketplace.domain.codes import DIGITS
from marketplace.domain.notifications import SecurityChange
from marketplace.domain.policy import DAY
from marketplace.domain.second_factors import RECOVERY_CODES, TRIES_WITHIN, SecondFactor
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.limits import rate_limited
from marketplace.ports import Repositories, World


async def set_up(world: World, actor: Actor) -> tuple[str, str]:
    """Begin to set up a factor: the new secret in base 32, and its `otpauth:` address.

    It is off until its first code is confirmed. Beginning again replaces it.

    Raises:
        ParleyError: `wrong_state` if a factor is on.
    """
    account = await accounts.own_account(world, actor)
    secret = world.secrets.new_totp_secret()
    sealed = world.secrets.seal(secret, account.id)
    factor = SecondFactor(account.id, sealed, world.clock.now())

    async def work(tx: Repositories) -> None:
        second_factors.require_off(await tx.second_factors.get(account.id))
        await tx.second_factors.save(factor)

    await world.store.transact(work)
    return secret, world.secrets.totp_uri(secret, account.email)


async def confirm(world: World, actor: Actor, typed: str) -> list[str]:
    """Turn the factor on; returns the recovery codes, which are shown only now.

    Raises:
        ParleyError: `invalid_code`; `wrong_state` if nothing is being set up; `rate_limited`.
    """
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    begun = await world.store.second_factors.get(account.id)
    second_factors.require_off(begun)
    if begun is None:
        raise ParleyError(Code.WRONG_STATE, "Begin with POST /v1/me/totp.")
    await _take_try(world, account)
    step = world.secrets.totp_step(
        world.secrets.unseal(begun.secret, account.id), "".join(typed.split()), now
    )
    if step is None:
        raise codes.refused("code")
    recovery_codes = world.secrets.new_recovery_codes(RECOVERY_CODES)
    hashes = tuple(world.secrets.recovery_hash(code, account.id) for code in recovery_codes)
    notice = notifications.security(account, SecurityChange.SECOND_FACTOR_ON, now)

    async def work(tx: Repositories) -> list[FeedItem]:
        factor = await tx.second_factors.get(account.id)
        if factor is None or factor.secret != begun.secret:
            raise codes.refused("code")
        await tx.second_factors.save(second_factors.confirmed(factor, step, hashes, now))
        return await notifications.add(tx, notice)

    await notifications.announce(world, await world.store.transact(work))
    return recovery_codes


async def turn_off(world: World, actor: Actor) -> None:
    """Delete the factor; does nothing if there is none."""
    now = world.clock.now()
    account = await accounts.own_account(world, actor)
    notice = notifications.security(account, SecurityChange.SECOND_FACTOR_OFF, now)

    async def work(tx: Repositories) -> list[FeedItem]:
        factor = await tx.second_factors.get(account.id)
        await tx.second_factors.delete(account.id)
        was_on = factor is not None and factor.is_on
        return await notifications.add(tx, notice) if was_on else []

    await notifications.announce(world, await world.store.transact(work))


async def check(world: World, account: Account, typed: str | None) -> bool:
    """Whether the account has a factor; if so, the code must be one of its app or a recovery code.

    Each code is accepted once.

    Raises:
        ParleyError: `second_factor_required` without a code; `invalid_code`; `rate_limited` after
            ten tries within 15 minutes, right or wrong.
    """
    factor = await world.store.second_factors.get(account.id)
    if factor is None or not factor.is_on:
        return False
    if typed is None:
        raise second_factors.required()
    await _take_try(world, account)
    if not await _is_accepted(world, account, factor, "".join(typed.split())):
        raise codes.refused("totp")
    return True


async def _is_accepted(world: World, account: Account, factor: SecondFactor, typed: str) -> bool:
    now = world.clock.now()
    if len(typed) == DIGITS and typed.isdecimal():
        secret = world.secrets.unseal(factor.secret, account.id)
        step = world.secrets.totp_step(secret, typed, now)
        return step is not None and await world.store.second_factors.use_step(account.id, step)
    code_hash = world.secrets.recovery_hash(typed, account.id)
    notice = notifications.security(account, SecurityChange.RECOVERY_CODE_USED, now)

    async def work(tx: Repositories) -> list[FeedItem]:
        is_used = await tx.second_factors.use_recovery_code(account.id, code_hash)
        return await notifications.add(tx, notice) if is_used else []

    items = await world.store.transact(work)
    await notifications.announce(world, items)
    return bool(items)


async def _take_try(world: World, account: Account) -> None:
    """Count a try; the account's owner is notified of the first one too many in a day."""
    quotas, now, try_id = world.store.send_quotas, world.clock.now(), new_id()
    most = world.policy.most_second_factor_tries
    if await quotas.take(f"second_factor:{account.id}", try_id, now, most, TRIES_WITHIN):
        return
    if await quotas.take(f"second_factor_notice:{account.id}", try_id, now, 1, DAY):
        notice = notifications.security(account, SecurityChange.SECOND_FACTOR_GUESSED, now)
        items = await world.store.transact(lambda tx: notifications.add(tx, notice))
        await notifications.announce(world, items)
    raise rate_limited(TRIES_WITHIN.total_seconds())
