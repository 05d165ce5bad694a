"""Verifying an email address and a phone by a code."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.actions import accounts, verifications
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.addresses import AddressKind, Suppression, suppression_of
from marketplace.domain.codes import MAX_TRIES
from marketplace.domain.conversations import Channel
from marketplace.domain.policy import Policy
from marketplace.domain.rfis import RfiState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, an_account
from tests.marketplace.actions.mail import last_code, notifications
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

EMAIL, PHONE = AddressKind.EMAIL, AddressKind.PHONE


async def somebody(stage: Stage, **named: object) -> Actor:
    """A customer whose addresses nobody has verified."""
    account = an_account(**named)
    await stage.store.accounts.add(account)
    return Actor(account.id, Role.CUSTOMER)


def other_than(code: str) -> str:
    """Six digits that are not the code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize(("kind", "channel"), [(EMAIL, Channel.EMAIL), (PHONE, Channel.SMS)])
async def test_a_code_verifies_the_address_it_was_sent_to(
    stage: Stage, kind: AddressKind, channel: Channel
) -> None:
    """The account shows since when the address is verified; the other address is not."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, kind)
    address, code = await last_code(stage, channel)

    stage.clock.advance(minutes=14)
    account = await verifications.confirm(stage.world, actor, kind, f" {code[:3]} {code[3:]} ")

    seen = await accounts.as_seen(stage.world, account)
    verified = {EMAIL: seen.email_verified_at, PHONE: seen.phone_verified_at}
    assert address in {account.email, account.phone}
    assert verified.pop(kind) == stage.clock.now()
    assert list(verified.values()) == [None]


async def test_a_code_works_once(stage: Stage) -> None:
    """The code that verified an address is refused afterwards."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    await verifications.confirm(stage.world, actor, EMAIL, code)

    again = verifications.confirm(stage.world, actor, EMAIL, code)

    assert await refused(again) is Code.INVALID_CODE


async def test_of_many_confirmations_at_once_one_has_an_effect(stage: Stage) -> None:
    """64 requests with the correct code: one verifies, the others are refused."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)

    outcomes = await asyncio.gather(
        *(verifications.confirm(stage.world, actor, EMAIL, code) for _ in range(64)),
        return_exceptions=True,
    )

    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert refusals == [Code.INVALID_CODE] * 63


async def test_a_code_can_be_tried_five_times(stage: Stage) -> None:
    """After five wrong tries, however many come at once, the correct code is refused too."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    wrong = other_than(code)
    for _ in range(MAX_TRIES):
        assert await refused(verifications.confirm(stage.world, actor, EMAIL, wrong)) is (
            Code.INVALID_CODE
        )

    late = verifications.confirm(stage.world, actor, EMAIL, code)

    assert await refused(late) is Code.INVALID_CODE


async def test_the_fifth_try_may_be_the_correct_one(stage: Stage) -> None:
    """Four mistakes cost nothing."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    for _ in range(MAX_TRIES - 1):
        await refused(verifications.confirm(stage.world, actor, EMAIL, other_than(code)))

    account = await verifications.confirm(stage.world, actor, EMAIL, code)

    assert (await accounts.as_seen(stage.world, account)).email_verified_at == NOW


async def test_a_code_expires(stage: Stage) -> None:
    """After fifteen minutes the code is refused like a wrong one."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)

    stage.clock.advance(minutes=15)

    assert await refused(verifications.confirm(stage.world, actor, EMAIL, code)) is (
        Code.INVALID_CODE
    )


async def test_a_code_of_another_account_is_refused(stage: Stage) -> None:
    """Two accounts that wait for a code at the same time cannot use each other's."""
    one, other = await somebody(stage), await somebody(stage)
    await verifications.request(stage.world, one, EMAIL)
    _, code = await last_code(stage)
    await verifications.request(stage.world, other, EMAIL)

    stolen = verifications.confirm(stage.world, other, EMAIL, code)

    assert await refused(stolen) is Code.INVALID_CODE


async def test_a_code_for_an_email_verifies_no_phone(stage: Stage) -> None:
    """A code belongs to the kind of address it was requested for."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    await verifications.request(stage.world, actor, PHONE)

    crossed = verifications.confirm(stage.world, actor, PHONE, code)

    assert await refused(crossed) is Code.INVALID_CODE


async def test_a_new_code_replaces_the_one_before(stage: Stage) -> None:
    """Only the newest code works."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, first = await last_code(stage)
    await verifications.request(stage.world, actor, EMAIL)
    _, second = await last_code(stage)

    assert await refused(verifications.confirm(stage.world, actor, EMAIL, first)) is (
        Code.INVALID_CODE
    )
    await verifications.confirm(stage.world, actor, EMAIL, second)


async def test_a_code_for_a_phone_that_was_replaced_is_refused(stage: Stage) -> None:
    """The code proves the old number, which the account no longer has."""
    actor = await somebody(stage)
    await verifications.request(stage.world, actor, PHONE)
    _, code = await last_code(stage, Channel.SMS)
    await accounts.update(stage.world, actor, {"phone": "+13035550199"})

    late = verifications.confirm(stage.world, actor, PHONE, code)

    assert await refused(late) is Code.INVALID_CODE
    seen = await accounts.as_seen(stage.world, await accounts.own_account(stage.world, actor))
    assert seen.phone_verified_at is None


async def test_an_address_gets_five_codes_an_hour_from_all_accounts_together(stage: Stage) -> None:
    """Many accounts with one telephone number cannot make it ring more often."""
    people = [await somebody(stage, phone="+13035550188") for _ in range(6)]
    for actor in people[:5]:
        await verifications.request(stage.world, actor, PHONE)

    assert await refused(verifications.request(stage.world, people[5], PHONE)) is Code.RATE_LIMITED
    stage.clock.advance(hours=1)
    await verifications.request(stage.world, people[5], PHONE)


async def test_a_code_is_not_sent_to_an_address_that_refused_our_messages(stage: Stage) -> None:
    """The person is told to use another address instead of waiting in vain."""
    actor = await somebody(stage, phone="+13035550188")
    key = suppression_of(PHONE, "+13035550188")
    await stage.store.addresses.suppress(
        Suppression(key, Channel.SMS, "unsubscribed", "n1", NOW - timedelta(days=1))
    )

    assert await refused(verifications.request(stage.world, actor, PHONE)) is Code.WRONG_STATE
    assert notifications(stage) == []


async def test_what_is_verified_or_missing_needs_no_code(stage: Stage) -> None:
    """A verified address and a missing phone are refused, and nothing is sent."""
    actor = await somebody(stage, phone=None)
    assert await refused(verifications.request(stage.world, actor, PHONE)) is Code.WRONG_STATE
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    await verifications.confirm(stage.world, actor, EMAIL, code)

    assert await refused(verifications.request(stage.world, actor, EMAIL)) is Code.WRONG_STATE
    assert len(notifications(stage)) == 1


async def test_a_deployment_may_let_only_verified_customers_submit(stage: Stage) -> None:
    """The draft stays a draft until its customer's email address is verified."""
    stage.world = replace(stage.world, policy=Policy(requires_verified_email=True))
    actor = await somebody(stage)
    assert await refused(stage.submitted(actor)) is Code.EMAIL_UNVERIFIED
    (draft,) = stage.store.tables.rfis.values()
    assert draft.state is RfiState.DRAFT

    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)
    await verifications.confirm(stage.world, actor, EMAIL, code)

    assert (await stage.submitted(actor)).state is RfiState.OPEN


async def test_nobody_needs_a_verified_email_unless_the_deployment_says_so(stage: Stage) -> None:
    """Clients that never verified an address go on submitting."""
    assert (await stage.submitted(await somebody(stage))).state is RfiState.OPEN


async def test_no_code_is_stored_or_told_to_consumers(stage: Stage) -> None:
    """Neither the notification, nor the stored code, nor any event contains the digits."""
    actor = await somebody(stage, email="carla@customers.example")
    await verifications.request(stage.world, actor, EMAIL)
    _, code = await last_code(stage)

    kept = stage.store.tables
    stored = [*kept.notifications.values(), *kept.codes.values(), *kept.outbox.values()]
    assert stage.event_names() == ["notification.created"]
    assert not any(code in _without_ids(repr(value)) for value in stored)


def _without_ids(text: str) -> str:
    """The text without ids and times, whose random digits may spell the code."""
    return re.sub(r"[0-9a-f]{32}|datetime\([^)]*\)", "", text)
