"""Transactions: all of the work happens, or none of it."""

import asyncio

import pytest

from marketplace.domain.matches import MatchState
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import (
    a_conversation,
    a_match,
    a_notification,
    a_quote,
    a_revision,
    a_session,
    a_vendor,
    an_account,
    an_rfi,
)
from tests.contracts.helpers import concurrently


async def test_a_transaction_returns_the_works_result(store: Store) -> None:
    """`transact` returns the result of the work."""

    async def work(to: Repositories) -> str:
        return f"got {await to.vendors.get('nobody')}"

    assert await store.transact(work) == "got None"


async def test_a_transaction_reads_its_own_writes(store: Store) -> None:
    """A read after a write in the same transaction sees the write."""
    vendor = a_vendor()

    async def work(to: Repositories) -> object:
        await to.vendors.add(vendor)
        await to.vendors.reserve(vendor.id)
        return await to.vendors.get(vendor.id)

    assert await store.transact(work) == a_vendor(id=vendor.id, open_matches=1)


async def test_an_exception_rolls_everything_back(store: Store) -> None:
    """Every collection is as before, and the exception propagates unchanged."""
    vendor, account, session = a_vendor(capacity=2), an_account(), a_session()
    rfi, match, quote = an_rfi(), a_match(), a_quote()
    conversation, notification = a_conversation(), a_notification()
    await store.vendors.add(vendor)
    await store.matches.add(match)

    async def work(to: Repositories) -> None:
        await to.accounts.add(account)
        await to.sessions.add(session)
        await to.vendors.reserve(vendor.id)
        await to.rfis.add(rfi, a_revision(rfi))
        await to.rfis.count_matches(rfi.id, 1)
        await to.matches.save(match, MatchState.OFFERED)
        await to.quotes.add(quote)
        await to.conversations.add(conversation)
        await to.read_positions.advance(conversation.id, account.id, delivered=1, read=1)
        await to.notifications.add(notification)
        raise ParleyError(Code.WRONG_STATE, "changed our mind")

    with pytest.raises(ParleyError, match="changed our mind"):
        await store.transact(work)

    assert await store.vendors.get(vendor.id) == vendor
    assert await store.accounts.get(account.id) is None
    assert await store.sessions.get(session.id) is None
    assert await store.rfis.get(rfi.id) is None
    assert await store.rfis.revisions(rfi.id, 0) == []
    assert await store.quotes.get(quote.id) is None
    assert await store.conversations.get(conversation.id) is None
    assert await store.read_positions.of_conversation(conversation.id) == []
    assert await store.accounts.by_email(account.email) is None


async def test_uncommitted_writes_are_invisible_to_others(store: Store) -> None:
    """While a transaction runs, nobody else sees any of its writes."""
    vendor = a_vendor()
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def work(to: Repositories) -> None:
        await to.vendors.add(vendor)
        halfway.set()
        await go_on.wait()

    running = asyncio.create_task(store.transact(work))
    await halfway.wait()
    seen = asyncio.create_task(store.vendors.get(vendor.id))
    # In memory the read waits for the transaction; in MongoDB it is answered meanwhile.
    await asyncio.wait([seen], timeout=0.2)
    was_answered_meanwhile = seen.done()
    go_on.set()
    await running

    assert (await seen is None) is was_answered_meanwhile
    assert await store.vendors.get(vendor.id) == vendor


async def test_a_cancelled_transaction_is_rolled_back(store: Store) -> None:
    """Cancelling the caller rolls its transaction back."""
    vendor = a_vendor()
    halfway = asyncio.Event()

    async def work(to: Repositories) -> None:
        await to.vendors.add(vendor)
        halfway.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(store.transact(work))
    await halfway.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await store.vendors.get(vendor.id) is None
    await store.vendors.add(vendor)


async def test_conflicting_transactions_are_retried_until_all_succeed(store: Store) -> None:
    """Thirty transactions that each move one match between two vendors all succeed."""
    one, other = a_vendor(capacity=100), a_vendor(capacity=100)
    await store.vendors.add(one)
    await store.vendors.add(other)
    for _ in range(30):
        await store.vendors.reserve(one.id)

    async def move(to: Repositories) -> None:
        before = await to.vendors.get(one.id)
        assert before is not None
        await to.vendors.release(one.id)
        assert await to.vendors.reserve(other.id)
        after = await to.vendors.get(one.id)
        assert after is not None
        assert after.open_matches == before.open_matches - 1

    await asyncio.gather(*(store.transact(move) for _ in range(30)))

    assert await store.vendors.get(one.id) == one
    kept = await store.vendors.get(other.id)
    assert kept is not None
    assert kept.open_matches == 30


async def test_adding_a_duplicate_fails_without_retries(store: Store) -> None:
    """Adding a duplicate fails without the retries of a write conflict, and leaves nothing."""
    match = a_match()
    vendor = a_vendor()
    await store.matches.add(match)

    async def work(to: Repositories) -> None:
        await to.vendors.add(vendor)
        await to.matches.add(a_match(rfi_id=match.rfi_id, vendor_id=match.vendor_id))

    async with asyncio.timeout(3):
        (outcome,) = await concurrently(store.transact(work))

    assert isinstance(outcome, Exception)
    assert await store.vendors.get(vendor.id) is None
    assert await store.matches.of_rfi(match.rfi_id) == [match]
