"""What is known about the addresses of accounts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain import addresses
from marketplace.domain.addresses import AddressKind, Source, Suppression, suppression_id
from marketplace.domain.conversations import Channel
from marketplace.errors import Code, ParleyError
from marketplace.ports import Store
from tests.builders import NOW

EMAIL, PHONE = AddressKind.EMAIL, AddressKind.PHONE
NUMBER = "+13035550188"


def a_suppression(address: str = NUMBER) -> Suppression:
    """A phone number whose owner unsubscribed."""
    key = suppression_id(Channel.SMS, address)
    return Suppression(key, Channel.SMS, "unsubscribed", "n1", NOW)


async def test_an_unknown_address_has_nothing_set(store: Store) -> None:
    """Accounts of the previous version have no rows: nothing is verified and nothing suppressed."""
    found = await store.addresses.get("carla", EMAIL, "carla@a.example")

    assert found == addresses.unknown("carla", EMAIL, "carla@a.example")
    assert (found.is_verified, found.consented_at, found.suppressed) == (False, None, None)


async def test_a_saved_address_reads_back_equal(store: Store) -> None:
    """Consent and verification keep when and how; a second save replaces the first."""
    given = addresses.consented(
        addresses.unknown("carla", EMAIL, "carla@a.example"), Source.REGISTRATION, NOW
    )
    proven = addresses.verified(given, Source.CODE, NOW + timedelta(hours=1))
    await store.addresses.save(given)

    await store.transact(lambda tx: tx.addresses.save(proven))

    assert await store.addresses.get("carla", EMAIL, "CARLA@a.example ") == proven
    assert (proven.consented_at, proven.verified_at) == (NOW, NOW + timedelta(hours=1))


async def test_addresses_belong_to_their_account(store: Store) -> None:
    """What one account proved of an address says nothing for another; forgetting one keeps both."""
    own = addresses.verified(addresses.unknown("carla", PHONE, NUMBER), Source.CODE, NOW)
    other = addresses.unknown("luis", PHONE, NUMBER)
    await store.addresses.save(own)
    await store.addresses.save(other)
    assert await store.addresses.of_account("luis") == [other]

    await store.addresses.forget("carla")

    assert await store.addresses.of_account("carla") == []
    assert await store.addresses.of_account("luis") == [other]


async def test_a_second_suppression_of_an_address_changes_nothing(store: Store) -> None:
    """The first report stands; other addresses are not suppressed."""
    first = a_suppression()

    await store.addresses.suppress(first)
    await store.addresses.suppress(replace(first, reason="invalid_address"))

    assert (await store.addresses.get("carla", PHONE, NUMBER)).suppressed == first
    assert (await store.addresses.get("carla", PHONE, "+13035550199")).suppressed is None
    assert (await store.addresses.get("carla", EMAIL, NUMBER)).suppressed is None


async def test_a_suppression_holds_for_every_account_and_outlives_them(store: Store) -> None:
    """Whoever has the address, also after it was saved or forgotten, nothing is sent to it."""
    await store.addresses.suppress(a_suppression())
    known = await store.addresses.get("carla", PHONE, NUMBER)
    await store.addresses.save(addresses.verified(known, Source.CODE, NOW))
    assert [row.suppressed for row in await store.addresses.of_account("carla")] == [
        a_suppression()
    ]

    await store.addresses.forget("carla")

    for account_id in ("carla", "luis"):
        assert (await store.addresses.get(account_id, PHONE, NUMBER)).suppressed == a_suppression()


async def test_what_was_suppressed_with_a_transaction_that_failed_is_not(store: Store) -> None:
    """A suppression is part of the outcome that reports it."""

    async def work(tx: Store) -> None:
        await tx.addresses.suppress(a_suppression())
        raise ParleyError(Code.WRONG_STATE, "Not now.")

    with pytest.raises(ParleyError):
        await store.transact(work)  # type: ignore[arg-type] # a store has all repositories

    assert (await store.addresses.get("carla", PHONE, NUMBER)).suppressed is None


def test_spelling_variants_of_an_address_are_one() -> None:
    """Spelling variants of an address share an id; the same text on another channel does not."""
    one = suppression_id(Channel.EMAIL, "Vera@Example.com ")

    assert one == suppression_id(Channel.EMAIL, "vera@example.com")
    assert one != suppression_id(Channel.SMS, "vera@example.com")
