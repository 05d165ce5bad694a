"""The send gate of codes, reset links and security notices."""

from dataclasses import replace

from marketplace.actions import accounts, emails, erasures, notifications, passwords, verifications
from marketplace.domain import addresses, codes
from marketplace.domain.accounts import Account, Actor, Role
from marketplace.domain.addresses import AddressKind, Source, Suppression, suppression_of
from marketplace.domain.codes import CodePurpose
from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, SecurityChange
from marketplace.ports import World
from notify.gate import Gate, SendPermit
from tests.builders import NOW, FixedClock, an_account
from tests.notify.helpers import of_account

PASSWORD = "correct horse battery"


async def somebody(world: World) -> tuple[Account, Actor]:
    """A customer with a verified email address."""
    account = an_account(password_hash=await world.passwords.hash(PASSWORD))
    await world.store.accounts.add(account)
    known = addresses.unknown(account.id, AddressKind.EMAIL, account.email)
    await world.store.addresses.save(addresses.verified(known, Source.CODE, NOW))
    return account, Actor(account.id, Role.CUSTOMER)


async def newest(world: World, account: Account) -> Notification:
    """The account's newest notification."""
    return (await of_account(world.store, account.id))[-1]


async def test_a_code_passes_with_its_digits_to_the_address_it_is_about(world: World) -> None:
    """The phone gets the code of the phone, under the account's name."""
    account, actor = await somebody(world)
    await verifications.request(world, actor, AddressKind.PHONE)

    permit = await Gate(world).check(await newest(world, account))

    code = await world.store.codes.get(codes.slot(CodePurpose.PHONE, account.id))
    assert code is not None
    assert permit == SendPermit(
        account.name, str(account.phone), secret={"code": world.secrets.digits(code)}
    )
    assert world.secrets.digits(code) not in repr(permit)


async def test_a_code_that_was_replaced_used_or_has_expired_does_not_pass(
    world: World, clock: FixedClock
) -> None:
    """A late code would only confuse: the person has a newer one, or has given up."""
    account, _ = await somebody(world)
    await passwords.request_reset(world, account.email)
    first = await newest(world, account)
    await passwords.request_reset(world, account.email)
    second = await newest(world, account)

    assert await Gate(world).check(first) == "code_replaced"
    assert isinstance(await Gate(world).check(second), SendPermit)
    clock.advance(hours=1)
    assert await Gate(world).check(second) == "code_replaced"


async def test_a_code_for_a_new_email_goes_to_the_new_email(world: World) -> None:
    """And the notice to the present one, with a token."""
    account, actor = await somebody(world)
    await emails.request_change(world, actor, "s-0", "new@a.example", PASSWORD)

    sent = [await Gate(world).check(kept) for kept in await of_account(world.store, account.id)]

    by_address = {permit.address: permit for permit in sent if isinstance(permit, SendPermit)}
    assert [*by_address["new@a.example"].secret] == ["code"]
    assert [*by_address[account.email].secret] == ["token"]


async def test_nothing_passes_to_a_suppressed_address(world: World) -> None:
    """A notice to an address that refused our messages is suppressed for the same reason."""
    account, _ = await somebody(world)
    key = suppression_of(AddressKind.EMAIL, account.email)
    await world.store.addresses.suppress(
        Suppression(key, Channel.EMAIL, "invalid_address", "n1", NOW)
    )
    notice = notifications.security(account, SecurityChange.PHONE_CHANGED, NOW)

    assert await Gate(world).check(notice) == "invalid_address"


async def test_a_code_does_not_pass_to_an_account_that_is_gone(world: World) -> None:
    """The notice of the erasure does, under the name that the account had."""
    account, actor = await somebody(world)
    await passwords.request_reset(world, account.email)
    reset = await newest(world, account)
    await erasures.erase(world, actor)

    assert await Gate(world).check(reset) == "account_gone"
    assert await Gate(world).check(await newest(world, account)) == SendPermit(
        account.name, account.email
    )


async def test_a_notice_passes_while_the_owner_is_connected(world: World) -> None:
    """Security notices are not for the absent alone, and go to the address of their time."""
    account, actor = await somebody(world)
    await world.presence.connected(account.id)
    await accounts.update(world, actor, {"phone": "+13035550177"})
    await world.store.accounts.save(replace(account, email="new@a.example"))

    permit = await Gate(world).check(await newest(world, account))

    assert permit == SendPermit(account.name, account.email)
