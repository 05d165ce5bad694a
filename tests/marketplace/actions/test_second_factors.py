"""Setting up a second factor, and checking its codes."""

import asyncio

import pyotp
import pytest

from marketplace.actions import accounts, second_factors
from marketplace.domain.accounts import Actor, Role
from marketplace.errors import Code, ParleyError
from tests.builders import an_account
from tests.marketplace.actions.mail import changes
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


async def somebody(stage: Stage) -> Actor:
    """A customer without a second factor."""
    account = an_account()
    await stage.store.accounts.add(account)
    return Actor(account.id, Role.CUSTOMER)


def code_now(stage: Stage, secret: str, steps: int = 0) -> str:
    """What an authenticator app shows, or showed so many steps ago."""
    return pyotp.TOTP(secret).at(stage.clock.now(), counter_offset=steps)


async def turned_on(stage: Stage, actor: Actor) -> tuple[str, list[str]]:
    """Set a factor up; returns its secret and its recovery codes."""
    secret, _ = await second_factors.set_up(stage.world, actor)
    codes = await second_factors.confirm(stage.world, actor, code_now(stage, secret))
    return secret, codes


async def checked(stage: Stage, actor: Actor, typed: str | None) -> bool:
    """Check a code as a log-in does."""
    account = await accounts.own_account(stage.world, actor)
    return await second_factors.check(stage.world, account, typed)


async def test_a_factor_is_on_once_its_first_code_is_confirmed(stage: Stage) -> None:
    """Until then a log-in needs no code, so nobody locks themselves out half-way."""
    actor = await somebody(stage)
    secret, uri = await second_factors.set_up(stage.world, actor)
    assert not await checked(stage, actor, None)

    await second_factors.confirm(stage.world, actor, code_now(stage, secret))

    assert secret in uri
    assert uri.startswith("otpauth://totp/Parley:")
    assert await refused(checked(stage, actor, None)) is Code.SECOND_FACTOR_REQUIRED
    assert changes(stage, actor.account_id) == ["second_factor_on"]


async def test_a_code_is_accepted_once(stage: Stage) -> None:
    """A code that somebody watched being typed does not work again, nor do earlier ones."""
    actor = await somebody(stage)
    secret, _ = await turned_on(stage, actor)
    confirmed_with = code_now(stage, secret)
    assert await refused(checked(stage, actor, confirmed_with)) is Code.INVALID_CODE

    stage.clock.advance(seconds=30)
    code = code_now(stage, secret)
    assert await checked(stage, actor, f"{code[:3]} {code[3:]}")

    for replayed in (code, confirmed_with):
        assert await refused(checked(stage, actor, replayed)) is Code.INVALID_CODE


async def test_of_many_with_one_code_one_passes(stage: Stage) -> None:
    """A code that is used at several places at once works at one."""
    actor = await somebody(stage)
    secret, _ = await turned_on(stage, actor)
    stage.clock.advance(seconds=30)
    code = code_now(stage, secret)

    outcomes = await asyncio.gather(
        *(checked(stage, actor, code) for _ in range(8)), return_exceptions=True
    )

    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, ParleyError) for outcome in outcomes) == 7


@pytest.mark.parametrize(("steps", "is_accepted"), [(-2, False), (-1, True), (1, True), (2, False)])
async def test_a_clock_may_be_off_by_half_a_minute(
    stage: Stage, steps: int, is_accepted: bool
) -> None:
    """The code of the neighbouring step passes, and no other."""
    actor = await somebody(stage)
    secret, _ = await turned_on(stage, actor)
    stage.clock.advance(minutes=5)

    checking = checked(stage, actor, code_now(stage, secret, steps))

    if is_accepted:
        assert await checking
    else:
        assert await refused(checking) is Code.INVALID_CODE


async def test_a_recovery_code_replaces_the_app_once(stage: Stage) -> None:
    """However it is typed; its owner is told."""
    actor = await somebody(stage)
    _, codes = await turned_on(stage, actor)

    assert len(set(codes)) == 10
    assert await checked(stage, actor, codes[0].upper().replace("-", " "))
    assert await refused(checked(stage, actor, codes[0])) is Code.INVALID_CODE
    assert await checked(stage, actor, codes[1])
    assert changes(stage, actor.account_id).count("recovery_code_used") == 2


async def test_a_recovery_code_of_somebody_else_is_refused(stage: Stage) -> None:
    """A recovery code belongs to one account."""
    one, other = await somebody(stage), await somebody(stage)
    _, codes = await turned_on(stage, one)
    await turned_on(stage, other)

    assert await refused(checked(stage, other, codes[0])) is Code.INVALID_CODE


async def test_ten_tries_within_a_quarter_of_an_hour_and_no_more(stage: Stage) -> None:
    """Whoever knows the password cannot go through the codes, from any number of addresses."""
    actor = await somebody(stage)
    secret, _ = await turned_on(stage, actor)
    stage.clock.advance(minutes=15)

    outcomes = [await refused(checked(stage, actor, "000000")) for _ in range(12)]

    assert outcomes == [Code.INVALID_CODE] * 10 + [Code.RATE_LIMITED] * 2
    assert changes(stage, actor.account_id) == ["second_factor_on", "second_factor_guessed"]
    stage.clock.advance(minutes=15)
    assert await checked(stage, actor, code_now(stage, secret))


async def test_a_factor_that_is_on_is_not_replaced(stage: Stage) -> None:
    """It must be turned off first, which is told to its owner."""
    actor = await somebody(stage)
    await turned_on(stage, actor)
    assert await refused(second_factors.set_up(stage.world, actor)) is Code.WRONG_STATE

    await second_factors.turn_off(stage.world, actor)

    assert not await checked(stage, actor, None)
    assert changes(stage, actor.account_id) == ["second_factor_on", "second_factor_off"]


async def test_the_secret_is_stored_encrypted_for_its_owner(stage: Stage) -> None:
    """The database has neither the secret nor a recovery code, and no row works for another."""
    actor = await somebody(stage)
    secret, codes = await turned_on(stage, actor)
    factor = await stage.store.second_factors.get(actor.account_id)

    assert factor is not None
    assert secret.encode() not in factor.secret
    assert not {*codes} & {*factor.recovery_codes}
    with pytest.raises(ValueError, match="not sealed"):
        stage.world.secrets.unseal(factor.secret, "somebody else")
