"""Adding passkeys, and proving by one who somebody is."""

import asyncio
from typing import Any

import pytest

from marketplace.actions import accounts, emails, erasures, passkeys, sessions, verifications
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.addresses import AddressKind
from marketplace.domain.notifications import AccountKind
from marketplace.domain.passkeys import MOST_PASSKEYS
from marketplace.errors import Code, ParleyError
from tests.builders import an_account
from tests.devices import Device
from tests.marketplace.actions.mail import changes, last_code, last_token
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.test_second_factors import turned_on
from tests.memory import PUBLIC_URL

PASSWORD = "correct horse battery"


async def somebody(stage: Stage, session_id: str = "s-1") -> Actor:
    """A customer with a log-in."""
    account = an_account(password_hash=await stage.world.passwords.hash(PASSWORD))
    await stage.store.accounts.add(account)
    await accounts.open_session(stage.world, account, session_id, "hash-1")
    return Actor(account.id, Role.CUSTOMER)


def a_device(**named: Any) -> Device:
    """A device at the site of the tests."""
    return Device(**{"origin": PUBLIC_URL, "host": "parley.example", **named})


async def added(stage: Stage, actor: Actor, device: Device) -> str:
    """Add the device's passkey; returns its id."""
    options = await passkeys.options_to_add(stage.world, actor)
    return (await passkeys.add(stage.world, actor, device.make(options), "Phone")).id


async def test_a_passkey_proves_whose_it_is(stage: Stage) -> None:
    """Without an email address or a password; the list shows when it was used last."""
    actor, device = await somebody(stage), a_device()
    await added(stage, actor, device)
    stage.clock.advance(hours=1)

    account = await passkeys.prove(
        stage.world, device.answer(passkeys.options_to_prove(stage.world))
    )

    assert account.id == actor.account_id
    (own,) = await passkeys.own_passkeys(stage.world, actor)
    assert (own.name, own.last_used_at) == ("Phone", stage.clock.now())
    assert changes(stage, actor.account_id) == ["passkey_added"]


async def test_an_answer_passes_once(stage: Stage) -> None:
    """Of many who send one answer at once one passes; nobody passes with it later."""
    actor, device = await somebody(stage), a_device()
    await added(stage, actor, device)
    answer = device.answer(passkeys.options_to_prove(stage.world))

    outcomes = await asyncio.gather(
        *(passkeys.prove(stage.world, answer) for _ in range(16)), return_exceptions=True
    )

    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert refusals == [Code.INVALID_CODE] * 15
    assert await refused(passkeys.prove(stage.world, answer)) is Code.INVALID_CODE


async def test_a_challenge_that_is_foreign_or_for_something_else_is_refused(stage: Stage) -> None:
    """One of another account, one to prove with instead of to add, and one that is made up."""
    actor, other, device = await somebody(stage), await somebody(stage, "s-2"), a_device()
    proving, made_up = passkeys.options_to_prove(stage.world), {"challenge": "AAAA"}

    for options in (await passkeys.options_to_add(stage.world, other), proving, made_up):
        adding = passkeys.add(stage.world, actor, device.make(options), "Phone")
        assert await refused(adding) is Code.INVALID_CODE

    await added(stage, actor, device)
    for options in (await passkeys.options_to_add(stage.world, actor), made_up):
        answer = device.answer(options)
        assert await refused(passkeys.prove(stage.world, answer)) is Code.INVALID_CODE


async def test_a_challenge_expires(stage: Stage) -> None:
    """After five minutes the device's answer is refused like a wrong one."""
    actor, device = await somebody(stage), a_device()
    await added(stage, actor, device)
    adding = await passkeys.options_to_add(stage.world, actor)
    proving = passkeys.options_to_prove(stage.world)
    stage.clock.advance(minutes=5)

    late = passkeys.add(stage.world, actor, a_device().make(adding), "Tablet")
    assert await refused(late) is Code.INVALID_CODE
    answer = device.answer(proving)
    assert await refused(passkeys.prove(stage.world, answer)) is Code.INVALID_CODE
    assert changes(stage, actor.account_id) == ["passkey_added"]


async def test_a_device_is_added_once(stage: Stage) -> None:
    """Neither its account nor another one gets the same key again."""
    actor, other, device = await somebody(stage), await somebody(stage, "s-2"), a_device()
    await added(stage, actor, device)

    for person in (actor, other):
        assert await refused(added(stage, person, device)) is Code.INVALID_CODE

    assert len(stage.store.tables.passkeys) == 1


async def test_an_account_has_a_bounded_number_of_passkeys(stage: Stage) -> None:
    """One more is refused before the device makes it, until another is removed."""
    actor = await somebody(stage)
    ids = [await added(stage, actor, a_device()) for _ in range(MOST_PASSKEYS)]
    assert await refused(passkeys.options_to_add(stage.world, actor)) is Code.WRONG_STATE

    await passkeys.remove(stage.world, actor, ids[0])

    await added(stage, actor, a_device())


async def test_a_removed_passkey_proves_nothing(stage: Stage) -> None:
    """Its owner removes it, nobody else can, and the owner is told."""
    actor, other, device = await somebody(stage), await somebody(stage, "s-2"), a_device()
    passkey_id = await added(stage, actor, device)
    assert await refused(passkeys.remove(stage.world, other, passkey_id)) is Code.NOT_FOUND

    await passkeys.remove(stage.world, actor, passkey_id)

    answer = device.answer(passkeys.options_to_prove(stage.world))
    assert await refused(passkeys.prove(stage.world, answer)) is Code.INVALID_CODE
    assert changes(stage, actor.account_id) == ["passkey_added", "passkey_removed"]


async def test_a_passkey_confirms_a_dangerous_change(stage: Stage) -> None:
    """In place of the second factor; the passkey of somebody else does not."""
    actor, other, device, foreign = (
        await somebody(stage),
        await somebody(stage, "s-2"),
        a_device(),
        a_device(),
    )
    await added(stage, actor, device)
    await added(stage, other, foreign)
    await turned_on(stage, actor)
    stage.clock.advance(hours=1)

    async def step_up(device: Device) -> None:
        answer = device.answer(passkeys.options_to_prove(stage.world))
        await sessions.step_up(stage.world, actor, "s-1", None, None, answer)

    assert await refused(step_up(foreign)) is Code.INVALID_CODE
    assert await refused(sessions.require_step_up(stage.world, "s-1")) is Code.STEP_UP_REQUIRED
    await step_up(device)
    await sessions.require_step_up(stage.world, "s-1")


async def test_an_undo_removes_a_passkey_that_was_added_since(stage: Stage) -> None:
    """A thief's device is out; the owner's own stays."""
    actor, own, thief = await somebody(stage), a_device(), a_device()
    await verifications.request(stage.world, actor, AddressKind.EMAIL)
    _, code = await last_code(stage)
    await verifications.confirm(stage.world, actor, AddressKind.EMAIL, code)
    own_id = await added(stage, actor, own)
    stage.clock.advance(minutes=1)
    await emails.request_change(stage.world, actor, "s-1", "thief@people.example", PASSWORD)
    await added(stage, actor, thief)

    await emails.undo(stage.world, await last_token(stage, AccountKind.SECURITY))

    assert [passkey.id for passkey in await passkeys.own_passkeys(stage.world, actor)] == [own_id]


async def test_an_erased_account_has_no_passkey(stage: Stage) -> None:
    """Its device no longer logs in to anything."""
    actor, device = await somebody(stage), a_device()
    await added(stage, actor, device)

    await erasures.erase(stage.world, actor)

    assert stage.store.tables.passkeys == {}


@pytest.mark.parametrize("answer", ["", "{}", "null", '{"rawId": "AAAA"}'])
async def test_what_is_no_answer_is_refused(stage: Stage, answer: str) -> None:
    """In the same words as everything else, at either end."""
    actor = await somebody(stage)

    assert await refused(passkeys.prove(stage.world, answer)) is Code.INVALID_CODE
    assert await refused(passkeys.add(stage.world, actor, answer, "Phone")) is Code.INVALID_CODE
