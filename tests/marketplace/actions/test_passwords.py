"""Changing a password, and resetting it by a link."""

import asyncio

from marketplace.actions import accounts, emails, passwords, sessions, verifications
from marketplace.domain.accounts import Actor, PresentedToken, Role
from marketplace.domain.addresses import AddressKind
from marketplace.domain.notifications import AccountKind
from marketplace.errors import Code, ParleyError
from tests.builders import an_account
from tests.marketplace.actions.mail import changes, last_code, last_token, notifications
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_second_factors import code_now, turned_on

EMAIL, OLD, NEW = "carla@customers.example", "correct horse battery", "purple monkey dishwasher"


async def somebody(stage: Stage) -> Actor:
    """A customer with two log-ins, `s-1` and `s-2`."""
    account = an_account(email=EMAIL, password_hash=await stage.world.passwords.hash(OLD))
    await stage.store.accounts.add(account)
    for session_id in ("s-1", "s-2"):
        await accounts.open_session(stage.world, account, session_id, "hash-1")
    return Actor(account.id, Role.CUSTOMER)


def refreshed(session_id: str) -> PresentedToken:
    """The first refresh of a log-in."""
    return PresentedToken(session_id, "hash-1", "hash-2", is_issued=True)


async def test_a_new_password_ends_the_other_log_ins(stage: Stage) -> None:
    """The log-in that changed it goes on; the old password no longer works; the owner is told."""
    actor = await somebody(stage)

    ended = await passwords.change(stage.world, actor, "s-1", OLD, NEW)

    assert ended == ["s-2"]
    await accounts.refresh(stage.world, refreshed("s-1"))
    assert await refused(accounts.refresh(stage.world, refreshed("s-2"))) is Code.UNAUTHENTICATED
    assert (await accounts.authenticate(stage.world, EMAIL, NEW)).id == actor.account_id
    assert await refused(accounts.authenticate(stage.world, EMAIL, OLD)) is Code.UNAUTHENTICATED
    assert changes(stage, actor.account_id) == ["password_changed"]


async def test_a_change_needs_the_current_password_and_a_good_new_one(stage: Stage) -> None:
    """A refused change leaves everything as it was."""
    actor = await somebody(stage)
    world = stage.world

    assert await refused(passwords.change(world, actor, "s-1", "guess", NEW)) is Code.WRONG_PASSWORD
    for weak in ("password1", EMAIL, "Carla Reyes"):
        code = await refused(passwords.change(world, actor, "s-1", OLD, weak))
        assert code is Code.VALIDATION_FAILED

    await accounts.refresh(world, refreshed("s-2"))
    assert (await accounts.authenticate(world, EMAIL, OLD)).id == actor.account_id


async def test_a_new_password_ends_a_change_of_email_that_was_requested_with_the_old(
    stage: Stage,
) -> None:
    """A thief's code for an address of their own is worth nothing once the owner acts."""
    actor = await somebody(stage)
    await emails.request_change(stage.world, actor, "s-2", "thief@people.example", OLD)
    _, code = await last_code(stage)

    await passwords.change(stage.world, actor, "s-1", OLD, NEW)

    confirming = verifications.confirm(stage.world, actor, AddressKind.EMAIL, code)
    assert await refused(confirming) is Code.INVALID_CODE
    assert (await accounts.own_account(stage.world, actor)).email == EMAIL


async def test_of_changes_at_once_one_has_an_effect(stage: Stage) -> None:
    """Two devices that change the password at once do not overwrite each other."""
    actor = await somebody(stage)

    outcomes = await asyncio.gather(
        *(passwords.change(stage.world, actor, "s-1", OLD, f"{NEW} {n}") for n in range(4)),
        return_exceptions=True,
    )

    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert refusals == [Code.WRONG_PASSWORD] * 3


async def test_a_log_in_with_the_old_password_that_was_under_way_ends(stage: Stage) -> None:
    """Whoever was checked before the change, and logged in after it, is refused."""
    actor = await somebody(stage)
    checked = await accounts.authenticate(stage.world, EMAIL, OLD)
    await passwords.change(stage.world, actor, "s-1", OLD, NEW)

    late = accounts.open_session(stage.world, checked, "s-3", "hash-1")

    assert await refused(late) is Code.UNAUTHENTICATED
    assert await stage.store.sessions.get("s-3") is None


async def test_a_link_sets_a_new_password_and_ends_every_log_in(stage: Stage) -> None:
    """Who has the link has the email, so the address is verified too."""
    actor = await somebody(stage)
    await passwords.request_reset(stage.world, " CARLA@customers.example")
    token = await last_token(stage, AccountKind.PASSWORD_RESET)

    ended = await passwords.reset(stage.world, token, NEW)

    assert sorted(ended) == ["s-1", "s-2"]
    account = await accounts.authenticate(stage.world, EMAIL, NEW)
    assert (await accounts.as_seen(stage.world, account)).email_verified_at == stage.clock.now()
    assert await refused(passwords.reset(stage.world, token, OLD)) is Code.INVALID_CODE
    assert changes(stage, actor.account_id) == ["password_changed"]


async def test_of_many_who_use_one_link_one_sets_the_password(stage: Stage) -> None:
    """A link that is opened twice at once has one effect."""
    await somebody(stage)
    await passwords.request_reset(stage.world, EMAIL)
    token = await last_token(stage, AccountKind.PASSWORD_RESET)

    outcomes = await asyncio.gather(
        *(passwords.reset(stage.world, token, f"{NEW} {n}") for n in range(8)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, ParleyError) for outcome in outcomes) == 7


async def test_a_link_expires_and_is_replaced_by_the_next(stage: Stage) -> None:
    """Only the newest link works, for an hour; a weak password does not use it up."""
    await somebody(stage)
    await passwords.request_reset(stage.world, EMAIL)
    first = await last_token(stage, AccountKind.PASSWORD_RESET)
    await passwords.request_reset(stage.world, EMAIL)
    second = await last_token(stage, AccountKind.PASSWORD_RESET)

    assert await refused(passwords.reset(stage.world, first, NEW)) is Code.INVALID_CODE
    assert await refused(passwords.reset(stage.world, second, "password1")) is (
        Code.VALIDATION_FAILED
    )
    stage.clock.advance(minutes=60)
    assert await refused(passwords.reset(stage.world, second, NEW)) is Code.INVALID_CODE


async def test_a_code_is_no_link_and_a_link_no_code(stage: Stage) -> None:
    """What proves an address sets no password."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, AddressKind.EMAIL)
    _, digits = await last_code(stage)
    (code,) = stage.store.tables.codes.values()

    for token in (digits, stage.world.secrets.token(code)):
        assert await refused(passwords.reset(stage.world, token, NEW)) is Code.INVALID_CODE


async def test_nobody_learns_whether_an_account_exists(stage: Stage) -> None:
    """An unknown address, and an account above its quota, end without a word."""
    await passwords.request_reset(stage.world, "nobody@customers.example")
    assert notifications(stage) == []
    await somebody(stage)

    for _ in range(7):
        await passwords.request_reset(stage.world, EMAIL)

    assert len(notifications(stage)) == stage.world.policy.most_codes_per_address


async def test_a_dangerous_change_needs_a_recent_password(stage: Stage) -> None:
    """A log-in counts for fifteen minutes; then the password must be given again."""
    actor = await somebody(stage)
    await sessions.require_step_up(stage.world, "s-1")
    stage.clock.advance(minutes=15, seconds=1)
    assert await refused(sessions.require_step_up(stage.world, "s-1")) is Code.STEP_UP_REQUIRED

    assert await refused(sessions.step_up(stage.world, actor, "s-1", "guess", None)) is (
        Code.WRONG_PASSWORD
    )
    await sessions.step_up(stage.world, actor, "s-1", OLD, None)

    await sessions.require_step_up(stage.world, "s-1")
    assert await refused(sessions.require_step_up(stage.world, "s-2")) is Code.STEP_UP_REQUIRED
    assert await refused(sessions.require_step_up(stage.world, "gone")) is Code.UNAUTHENTICATED


async def test_with_a_second_factor_the_password_alone_changes_nothing(stage: Stage) -> None:
    """Neither the password nor the email, unless the factor was given recently."""
    actor = await somebody(stage)
    secret, _ = await turned_on(stage, actor)
    stage.clock.advance(minutes=20)
    world = stage.world

    changing = passwords.change(world, actor, "s-1", OLD, NEW)
    assert await refused(changing) is Code.STEP_UP_REQUIRED
    moving = emails.request_change(world, actor, "s-1", "new@customers.example", OLD)
    assert await refused(moving) is Code.STEP_UP_REQUIRED

    await sessions.step_up(world, actor, "s-1", None, code_now(stage, secret))
    await passwords.change(world, actor, "s-1", OLD, NEW)
