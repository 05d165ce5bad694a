"""Changing an email address, and undoing it."""

import pytest

from marketplace.actions import accounts, emails, second_factors, verifications
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.addresses import AddressKind
from marketplace.domain.notifications import AccountKind
from marketplace.errors import Code
from marketplace.ports import SignalName
from tests.builders import an_account
from tests.marketplace.actions.mail import changes, last_code, last_token, notifications, permit
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_second_factors import turned_on

OLD, NEW, PASSWORD = "carla@old.example", "carla@new.example", "correct horse battery"
EMAIL = AddressKind.EMAIL


async def somebody(stage: Stage, *, is_verified: bool = True, email: str = OLD) -> Actor:
    """A customer with the password and the old address."""
    password_hash = await stage.world.passwords.hash(PASSWORD)
    account = an_account(email=email, password_hash=password_hash)
    await stage.store.accounts.add(account)
    actor = Actor(account.id, Role.CUSTOMER)
    if is_verified:
        await verifications.request(stage.world, actor, EMAIL)
        _, code = await last_code(stage)
        await verifications.confirm(stage.world, actor, EMAIL, code)
    return actor


async def asked(stage: Stage, actor: Actor, email: str = NEW) -> str:
    """Ask for the new address; returns the code that it got."""
    await emails.request_change(stage.world, actor, "s-0", email, PASSWORD)
    address, code = await last_code(stage)
    assert address == email
    return code


async def changed(stage: Stage, actor: Actor, email: str = NEW) -> Account:
    """Change the address."""
    return await verifications.confirm(stage.world, actor, EMAIL, await asked(stage, actor, email))


async def test_the_new_address_takes_effect_with_its_code(stage: Stage) -> None:
    """Until the code is confirmed the old address logs in, and then only the new one."""
    actor = await somebody(stage)
    code = await asked(stage, actor)
    assert (await accounts.authenticate(stage.world, OLD, PASSWORD)).email == OLD

    account = await verifications.confirm(stage.world, actor, EMAIL, code)

    assert await accounts.authenticate(stage.world, NEW, PASSWORD) == account
    assert await refused(accounts.authenticate(stage.world, OLD, PASSWORD)) is Code.UNAUTHENTICATED
    seen = await accounts.as_seen(stage.world, account)
    assert (seen.email, seen.email_verified_at) == (NEW, stage.clock.now())


async def test_the_old_address_is_told_before_and_after(stage: Stage) -> None:
    """Both notices go to the old address, although the account has the new one by then."""
    actor = await somebody(stage)
    await changed(stage, actor)

    told = [kept for kept in notifications(stage) if kept.kind == AccountKind.SECURITY]
    assert changes(stage, actor.account_id) == ["email_change_requested", "email_changed"]
    assert [(await permit(stage, kept)).address for kept in told] == [OLD, OLD]


async def test_a_change_needs_the_password(stage: Stage) -> None:
    """Whoever found an unlocked phone cannot take the account over."""
    actor = await somebody(stage)
    sent = len(notifications(stage))

    asking = emails.request_change(stage.world, actor, "s-0", NEW, "guess")

    assert await refused(asking) is Code.WRONG_PASSWORD
    assert len(notifications(stage)) == sent


async def test_an_address_of_another_account_looks_free(stage: Stage) -> None:
    """The caller gets the same answer; the owner of the address gets a notice and no code."""
    owner = await somebody(stage, email=NEW)
    actor = await somebody(stage, email=OLD)
    codes = len(_codes(stage))

    await emails.request_change(stage.world, actor, "s-0", NEW, PASSWORD)

    assert len(_codes(stage)) == codes
    assert changes(stage, owner.account_id) == ["email_in_use"]
    assert changes(stage, actor.account_id) == ["email_change_requested"]


async def test_of_two_who_change_to_one_address_one_gets_it(stage: Stage) -> None:
    """Both have a code; the second confirmation is refused."""
    one, other = await somebody(stage), await somebody(stage, email="luis@old.example")
    first, second = await asked(stage, one), await asked(stage, other)

    await verifications.confirm(stage.world, one, EMAIL, first)

    late = verifications.confirm(stage.world, other, EMAIL, second)
    assert await refused(late) is Code.EMAIL_TAKEN


async def test_the_last_of_two_changes_of_one_account_holds(stage: Stage) -> None:
    """The code of the first change no longer works."""
    actor = await somebody(stage)
    first = await asked(stage, actor)
    second = await asked(stage, actor, "carla@other.example")

    assert await refused(verifications.confirm(stage.world, actor, EMAIL, first)) is (
        Code.INVALID_CODE
    )
    account = await verifications.confirm(stage.world, actor, EMAIL, second)
    assert account.email == "carla@other.example"


@pytest.mark.parametrize("is_confirmed", [False, True])
async def test_the_old_address_prevents_or_undoes_the_change(
    stage: Stage, is_confirmed: bool
) -> None:
    """Its link gives the account back: nobody is logged in, and only a reset sets a password."""
    actor = await somebody(stage)
    account = await accounts.own_account(stage.world, actor)
    await accounts.open_session(stage.world, account, "s-1", "hash")
    code = await asked(stage, actor)
    if is_confirmed:
        await verifications.confirm(stage.world, actor, EMAIL, code)

    ended = await emails.undo(stage.world, await last_token(stage, AccountKind.SECURITY))

    assert ended == ["s-1"]
    assert [signal.name for signal in stage.live.signals] == [SignalName.SESSION_ENDED]
    restored = await accounts.own_account(stage.world, actor)
    assert (restored.email, restored.password_hash) == (OLD, "")
    assert await refused(accounts.authenticate(stage.world, OLD, PASSWORD)) is Code.UNAUTHENTICATED
    assert await refused(verifications.confirm(stage.world, actor, EMAIL, code)) is (
        Code.INVALID_CODE
    )
    assert notifications(stage)[-1].kind == AccountKind.PASSWORD_RESET


async def test_an_undo_survives_further_changes(stage: Stage) -> None:
    """A thief who changes the address twice cannot void the first notice's link."""
    actor = await somebody(stage)
    await changed(stage, actor)
    token = await last_token(stage, AccountKind.SECURITY)
    await changed(stage, actor, "thief@other.example")
    thiefs_token = await last_token(stage, AccountKind.SECURITY)

    await emails.undo(stage.world, token)

    assert (await accounts.own_account(stage.world, actor)).email == OLD
    assert await refused(emails.undo(stage.world, thiefs_token)) is Code.INVALID_CODE


async def test_an_undo_removes_a_second_factor_that_was_set_up_since(stage: Stage) -> None:
    """A thief's authenticator app does not lock the owner out; the owner's own stays."""
    owner, victim = await somebody(stage), await somebody(stage, email="maya@old.example")
    await turned_on(stage, owner)
    stage.clock.advance(minutes=20)
    account = await accounts.own_account(stage.world, owner)
    await accounts.open_session(stage.world, account, "s-0", "hash")
    await changed(stage, owner)
    owners_token = await last_token(stage, AccountKind.SECURITY)
    await asked(stage, victim, "thief@other.example")
    victims_token = await last_token(stage, AccountKind.SECURITY)
    await turned_on(stage, victim)

    await emails.undo(stage.world, owners_token)
    await emails.undo(stage.world, victims_token)

    assert await stage.store.second_factors.get(owner.account_id) is not None
    assert await stage.store.second_factors.get(victim.account_id) is None
    assert (
        await refused(
            second_factors.check(stage.world, await accounts.own_account(stage.world, owner), None)
        )
        is Code.SECOND_FACTOR_REQUIRED
    )


async def test_an_address_that_was_not_verified_gets_no_link(stage: Stage) -> None:
    """A stranger whose address somebody mistyped is told, and cannot take the account."""
    actor = await somebody(stage, is_verified=False)
    await changed(stage, actor)

    told = [kept for kept in notifications(stage) if kept.kind == AccountKind.SECURITY]
    assert [(await permit(stage, kept)).secret for kept in told] == [{}, {}]


async def test_the_old_address_stays_reserved_while_the_change_can_be_undone(stage: Stage) -> None:
    """For seven days nobody else registers it; its owner may change back."""
    actor = await somebody(stage)
    await changed(stage, actor)
    rival = {"role": "customer", "email": OLD, "password": PASSWORD, "name": "Eve",
             "phone": None, "locale": "en", "timezone": "UTC"}  # fmt: skip

    assert await refused(accounts.register(stage.world, rival)) is Code.EMAIL_TAKEN
    assert (await changed(stage, actor, OLD)).email == OLD

    await changed(stage, actor, "carla@third.example")
    stage.clock.advance(days=7)
    await accounts.register(stage.world, rival)


async def test_a_link_works_once_and_for_seven_days(stage: Stage) -> None:
    """A used and an expired link are refused alike, as is a made-up one."""
    actor = await somebody(stage)
    await changed(stage, actor)
    token = await last_token(stage, AccountKind.SECURITY)
    for made_up in ("", ".", token[:-1], token[:-1] + "\u00e9", f"{token}x", "nobody.x"):
        assert await refused(emails.undo(stage.world, made_up)) is Code.INVALID_CODE
    stage.clock.advance(days=6)
    await emails.undo(stage.world, token)
    assert await refused(emails.undo(stage.world, token)) is Code.INVALID_CODE


def _codes(stage: Stage) -> list[object]:
    return [kept for kept in notifications(stage) if kept.kind == AccountKind.VERIFICATION_CODE]
