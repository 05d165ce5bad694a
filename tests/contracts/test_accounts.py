"""Accounts and sessions."""

import asyncio
from datetime import timedelta

import pytest

from marketplace.domain.accounts import Account, Role
from marketplace.errors import Code, ParleyError
from marketplace.ports import Store
from tests.builders import NOW, a_session, an_account
from tests.contracts.helpers import together


async def _add_in_transaction(store: Store, account: Account) -> None:
    await store.transact(lambda to: to.accounts.add(account))


async def test_an_account_is_found_by_id_and_by_email(store: Store) -> None:
    """What was added comes back equal, whichever way it is looked up."""
    account = an_account(role=Role.VENDOR, phone=None)

    await store.accounts.add(account)

    assert await store.accounts.get(account.id) == account
    assert await store.accounts.by_email(account.email) == account


async def test_an_unknown_account_is_none(store: Store) -> None:
    """A look-up that finds nothing says None."""
    assert await store.accounts.get("nobody") is None
    assert await store.accounts.by_email("nobody@customers.example") is None


async def test_a_taken_email_is_refused(store: Store) -> None:
    """A second account with the same address is refused by its code, and the first stays."""
    first = an_account()
    await store.accounts.add(first)

    with pytest.raises(ParleyError) as refused:
        await store.accounts.add(an_account(email=first.email))

    assert refused.value.code is Code.EMAIL_TAKEN
    assert await store.accounts.by_email(first.email) == first


async def test_of_many_who_take_one_email_at_a_time_one_gets_it(store: Store) -> None:
    """Uniqueness holds for registrations that race, inside transactions and outside."""
    rivals = [an_account(email="carla@customers.example") for _ in range(20)]

    outcomes = await together(
        *(store.accounts.add(each) for each in rivals[:10]),
        *(_add_in_transaction(store, each) for each in rivals[10:]),
    )

    refusals = [each for each in outcomes if each is not None]
    assert len(refusals) == 19
    assert {each.code for each in refusals if isinstance(each, ParleyError)} == {Code.EMAIL_TAKEN}
    assert all(isinstance(each, ParleyError) for each in refusals)


async def test_a_session_is_kept_until_it_is_deleted(store: Store) -> None:
    """A log-in comes back equal; after a log-out it is gone, and a second log-out is no error."""
    session = a_session()
    await store.sessions.add(session)
    assert await store.sessions.get(session.id) == session

    await store.sessions.delete(session.id)
    await store.sessions.delete(session.id)

    assert await store.sessions.get(session.id) is None


async def test_an_expired_session_goes_by_itself(store: Store) -> None:
    """A log-in whose end has passed is gone without anybody deleting it."""
    session = a_session(expires_at=NOW - timedelta(days=365 * 30))
    await store.sessions.add(session)

    async with asyncio.timeout(15):
        while await store.sessions.get(session.id) is not None:  # noqa: ASYNC110 # the server tells nobody
            await asyncio.sleep(0.1)


async def test_of_many_who_rotate_one_refresh_token_one_wins(store: Store) -> None:
    """The hash is replaced once: a stolen token used beside the real one is noticed."""
    session = a_session(refresh_token_hash="first")
    await store.sessions.add(session)

    won = await asyncio.gather(
        *(store.sessions.rotate(session.id, "first", f"next-{n}") for n in range(20))
    )

    kept = await store.sessions.get(session.id)
    assert sorted(won) == [False] * 19 + [True]
    assert kept is not None
    assert kept.refresh_token_hash == f"next-{won.index(True)}"


async def test_rotating_what_is_gone_fails(store: Store) -> None:
    """A refresh after a log-out does not bring the session back."""
    assert not await store.sessions.rotate("gone", "first", "next")
    assert await store.sessions.get("gone") is None
