"""Accounts."""

from dataclasses import replace

import pytest

from marketplace.domain.accounts import Account, Role
from marketplace.errors import Code, ParleyError
from marketplace.ports import Store
from tests.builders import an_account
from tests.contracts.helpers import concurrently


async def _add_in_transaction(store: Store, account: Account) -> None:
    await store.transact(lambda to: to.accounts.add(account))


async def test_an_account_is_found_by_id_and_by_email(store: Store) -> None:
    """A stored account reads back equal, by id and by email."""
    account = an_account(role=Role.VENDOR, phone=None)

    await store.accounts.add(account)

    assert await store.accounts.get(account.id) == account
    assert await store.accounts.by_email(account.email) == account


async def test_an_unknown_account_reads_as_none(store: Store) -> None:
    """Looking up an account that does not exist returns None."""
    assert await store.accounts.get("nobody") is None
    assert await store.accounts.by_email("nobody@customers.example") is None


async def test_a_taken_email_is_refused(store: Store) -> None:
    """A second account with the same email is refused with a code, and the first remains."""
    first = an_account()
    await store.accounts.add(first)

    with pytest.raises(ParleyError) as refused:
        await store.accounts.add(an_account(email=first.email))

    assert refused.value.code is Code.EMAIL_TAKEN
    assert await store.accounts.by_email(first.email) == first


async def test_only_one_concurrent_registration_of_an_email_succeeds(store: Store) -> None:
    """An email stays unique when registrations race, inside transactions and outside them."""
    rivals = [an_account(email="carla@customers.example") for _ in range(20)]

    outcomes = await concurrently(
        *(store.accounts.add(account) for account in rivals[:10]),
        *(_add_in_transaction(store, account) for account in rivals[10:]),
    )

    refusals = [refusal for refusal in outcomes if refusal is not None]
    assert len(refusals) == 19
    assert {refusal.code for refusal in refusals if isinstance(refusal, ParleyError)} == {
        Code.EMAIL_TAKEN
    }
    assert all(isinstance(refusal, ParleyError) for refusal in refusals)


async def test_a_saved_account_replaces_the_stored_one(store: Store) -> None:
    """Every field can change; a phone can become none."""
    account = an_account()
    await store.accounts.add(account)
    changed = replace(account, email="new@customers.example", phone=None, credentials=1)

    await store.transact(lambda tx: tx.accounts.save(changed))

    assert await store.accounts.by_email(changed.email) == changed
    assert await store.accounts.by_email(account.email) is None


async def test_saving_a_taken_email_is_refused(store: Store) -> None:
    """Of two accounts that take one email at once, in transactions, one gets it."""
    rivals = [an_account() for _ in range(8)]
    for account in rivals:
        await store.accounts.add(account)

    outcomes = await concurrently(
        *(_save_in_transaction(store, replace(rival, email="one@a.example")) for rival in rivals)
    )

    refusals = [refusal for refusal in outcomes if isinstance(refusal, ParleyError)]
    assert [refusal.code for refusal in refusals] == [Code.EMAIL_TAKEN] * 7


async def test_a_deleted_account_frees_its_email(store: Store) -> None:
    """Deleting twice says that there was nothing to delete."""
    account = an_account()
    await store.accounts.add(account)

    assert await store.accounts.delete(account.id)
    assert not await store.accounts.delete(account.id)

    assert await store.accounts.get(account.id) is None
    await store.accounts.add(an_account(email=account.email))


async def _save_in_transaction(store: Store, account: Account) -> None:
    await store.transact(lambda to: to.accounts.save(account))
