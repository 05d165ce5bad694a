"""The send gate."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from marketplace.domain.accounts import Role
from marketplace.errors import TemporaryError
from marketplace.ports import World
from notify.gate import Gate, SendPermit
from tests.builders import a_deletion, an_account
from tests.notify.helpers import a_case, an_offer, keep, of_messages, stored_message
from tests.rows import an_assignment


async def test_an_email_is_sent_to_the_accounts_address(world: World) -> None:
    """An SMS passes to the account's phone."""
    account = an_account(phone="+13035550188")
    await world.store.accounts.add(account)

    assert await Gate(world).check(an_offer(account, "email")) == SendPermit(
        account.name, account.email
    )
    assert await Gate(world).check(an_offer(account, "sms")) == SendPermit(
        account.name, "+13035550188"
    )


async def test_a_deleted_account_gets_nothing(world: World) -> None:
    """A notification for a deleted account is suppressed, with the reason."""
    assert await Gate(world).check(an_offer(an_account(), "email")) == "account_gone"


async def test_an_account_without_a_phone_gets_no_sms(world: World) -> None:
    """An SMS to an account without a phone is suppressed, with the reason."""
    account = an_account(phone=None)
    await world.store.accounts.add(account)

    assert await Gate(world).check(an_offer(account, "sms")) == "no_address"


async def test_an_offer_is_sent_to_a_connected_account(world: World) -> None:
    """An offer passes to a connected account as well."""
    account = an_account()
    await world.store.accounts.add(account)
    await world.presence.connected(account.id)

    assert isinstance(await Gate(world).check(an_offer(account, "email")), SendPermit)


async def test_a_message_is_sent_to_an_absent_recipient_with_its_text(world: World) -> None:
    """A message passes to an absent recipient, with its current text."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1, "When could you come?")

    permit = await Gate(world).check(of_messages(case, 1, 1))

    assert permit == SendPermit(case.vendor.name, case.vendor.email, ("When could you come?",))


async def test_a_message_goes_to_the_member_it_is_assigned_to(world: World) -> None:
    """By name and address; without the member it goes to the vendor's own account again."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1, "When could you come?")
    member = an_account(role=Role.VENDOR, name="Ana Ruiz")
    await world.store.accounts.add(member)
    assignment = an_assignment(
        id=case.conversation.id, vendor_id=case.vendor.id, account_id=member.id
    )
    await world.store.assignments.save(assignment)

    assigned = await Gate(world).check(of_messages(case, 1, 1))
    await world.store.assignments.remove_of(member.id)
    free = await Gate(world).check(of_messages(case, 1, 1))

    assert assigned == SendPermit(member.name, member.email, ("When could you come?",))
    assert free == SendPermit(case.vendor.name, case.vendor.email, ("When could you come?",))


async def test_a_message_is_not_sent_to_a_connected_recipient(world: World) -> None:
    """A message does not pass once the recipient is connected: the app shows it."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1)
    await world.presence.connected(case.vendor.id)

    assert await Gate(world).check(of_messages(case, 1, 1)) == "connected"


async def test_a_message_is_not_sent_once_it_is_read(world: World) -> None:
    """A message does not pass once it is read, wherever that was."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1)
    await world.store.read_positions.advance(
        case.conversation.id, case.vendor.id, delivered=1, read=1
    )

    assert await Gate(world).check(of_messages(case, 1, 1)) == "read"


async def test_a_message_is_not_sent_across_a_block(world: World) -> None:
    """A message does not pass to a recipient who blocked after it arrived."""
    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1)
    blocked = replace(case.conversation, blocked_by=(case.vendor.id,))
    await world.store.conversations.save(blocked)

    assert await Gate(world).check(of_messages(case, 1, 1)) == "blocked"


async def test_a_deleted_message_is_not_sent(world: World) -> None:
    """A deleted message does not pass: there is nothing left to notify of."""
    case = await keep(world.store, a_case())
    event = await stored_message(world.store, case, 1)
    await world.store.entries.add_next(
        a_deletion(
            conversation_id=case.conversation.id, message_id=event.id, sender_id=case.customer.id
        )
    )

    assert await Gate(world).check(of_messages(case, 1, 1)) == "message_deleted"


async def test_unknown_presence_postpones_the_send(world: World) -> None:
    """If presence is unknown, the error is raised and the attempt is made later."""

    class UnavailablePresence:
        async def connected(self, *account_ids: str) -> None: ...

        async def disconnected(self, account_id: str) -> None: ...

        async def is_connected(self, account_id: str) -> bool:
            raise TemporaryError("Redis: ConnectionError")

        async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
            raise TemporaryError("Redis: ConnectionError")

        async def active(self, *account_ids: str) -> None: ...

        async def inactive(self, *account_ids: str) -> None: ...

        async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
            raise TemporaryError("Redis: ConnectionError")

    case = await keep(world.store, a_case())
    await stored_message(world.store, case, 1)

    with pytest.raises(TemporaryError):
        await Gate(replace(world, presence=UnavailablePresence())).check(of_messages(case, 1, 1))
