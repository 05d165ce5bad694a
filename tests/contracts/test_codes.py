"""Codes and links that are live."""

import asyncio
from datetime import timedelta

from marketplace.domain import codes
from marketplace.domain.codes import MAX_TRIES, Code, CodePurpose
from marketplace.ids import new_id
from marketplace.ports import Store
from tests.builders import NOW

EMAIL, UNDO = CodePurpose.EMAIL, CodePurpose.EMAIL_UNDO


def a_code(purpose: CodePurpose = EMAIL, account_id: str = "carla") -> Code:
    """A code for an account's address, issued now."""
    return codes.issue(purpose, account_id, "carla@a.example", new_id(), NOW)


async def test_a_code_is_found_by_slot_and_by_nonce(store: Store) -> None:
    """A stored code reads back equal both ways; an unknown one is None."""
    code = a_code()

    await store.codes.put(code)

    assert await store.codes.get(code.id) == code
    assert await store.codes.by_nonce(code.nonce) == code
    assert await store.codes.get("email:luis") is None
    assert await store.codes.by_nonce("nothing") is None


async def test_a_code_replaces_the_one_in_its_slot(store: Store) -> None:
    """An account has one code for a purpose; each undo has a slot of its own."""
    first, second = a_code(), a_code()
    undos = [a_code(UNDO), a_code(UNDO)]
    for code in (first, second, *undos):
        await store.codes.put(code)

    assert await store.codes.get(first.id) == second
    assert await store.codes.by_nonce(first.nonce) is None
    assert [await store.codes.by_nonce(undo.nonce) for undo in undos] == undos


async def test_tries_are_counted_exactly_however_many_come_at_once(store: Store) -> None:
    """Of 64 tries at once five are let through, each with its own number."""
    code = a_code()
    await store.codes.put(code)

    counted = await asyncio.gather(
        *(store.codes.take_try(code.id, NOW, MAX_TRIES) for _ in range(64))
    )

    taken = sorted(tried.tries for tried in counted if tried is not None)
    assert taken == [1, 2, 3, 4, 5]
    assert await store.codes.take_try(code.id, NOW, MAX_TRIES) is None


async def test_an_expired_code_is_not_tried(store: Store) -> None:
    """A code that expires now is not tried any more, nor is a missing one."""
    code = a_code()
    await store.codes.put(code)

    assert await store.codes.take_try(code.id, code.expires_at, MAX_TRIES) is None
    assert await store.codes.take_try("email:luis", NOW, MAX_TRIES) is None


async def test_of_many_who_spend_a_code_at_once_one_does(store: Store) -> None:
    """Each within a transaction: one effect."""
    code = a_code()
    await store.codes.put(code)

    spent = await asyncio.gather(
        *(store.transact(lambda tx: tx.codes.spend(code)) for _ in range(20))
    )

    assert sorted(spent) == [False] * 19 + [True]


async def test_a_code_that_was_replaced_is_not_spent(store: Store) -> None:
    """Confirming an old code does not use up the new one."""
    first, second = a_code(), a_code()
    await store.codes.put(first)
    await store.codes.put(second)

    assert not await store.codes.spend(first)
    assert await store.codes.spend(second)


async def test_an_address_is_reserved_while_its_change_can_be_undone(store: Store) -> None:
    """For its own account, until the link expires; a code reserves nothing."""
    undo = a_code(UNDO)
    await store.codes.put(undo)
    await store.codes.put(a_code(account_id="luis"))

    assert await store.codes.reserved_for("carla@a.example", NOW) == "carla"
    assert await store.codes.reserved_for("carla@a.example", undo.expires_at) is None
    assert await store.codes.reserved_for("luis@a.example", NOW) is None


async def test_codes_are_removed_by_slot_and_by_account(store: Store) -> None:
    """What belongs to others stays."""
    kept = a_code(account_id="luis")
    for code in (a_code(), a_code(CodePurpose.PHONE), a_code(UNDO), kept):
        await store.codes.put(code)

    await store.codes.clear(codes.slot(EMAIL, "carla"), "nothing")
    assert await store.codes.get(codes.slot(EMAIL, "carla")) is None
    assert await store.codes.get(codes.slot(CodePurpose.PHONE, "carla")) is not None

    await store.codes.forget("carla")

    assert await store.codes.reserved_for("carla@a.example", NOW) is None
    assert await store.codes.get(kept.id) == kept


async def test_an_expired_code_goes_by_itself(store: Store) -> None:
    """An expired code disappears without an explicit delete."""
    long_ago = NOW - timedelta(days=365 * 30)
    code = codes.issue(EMAIL, "carla", "carla@a.example", new_id(), long_ago)
    await store.codes.put(code)

    async with asyncio.timeout(75):
        while await store.codes.by_nonce(code.nonce) is not None:  # noqa: ASYNC110 # the server does not announce it
            await asyncio.sleep(0.1)
