"""The passkeys of accounts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from marketplace.domain.passkeys import Passkey
from marketplace.ids import new_id
from marketplace.ports import Store
from tests.builders import NOW
from tests.contracts.helpers import concurrently

HOUR = timedelta(hours=1)


def a_passkey(account_id: str = "carla", **named: Any) -> Passkey:
    """A passkey that was never used."""
    passkey = Passkey(new_id(), account_id, new_id(), b"\x00key", "Phone", NOW)
    return replace(passkey, **named)


async def test_a_passkey_reads_back_equal(store: Store) -> None:
    """By what its device calls it, and in its account's list, newest first."""
    older, newer, other = a_passkey(), a_passkey(sign_count=3, last_used_at=NOW), a_passkey("luis")
    for passkey in (older, newer, other):
        assert await store.passkeys.add(passkey)

    assert await store.passkeys.by_credential(newer.credential_id) == newer
    assert await store.passkeys.by_credential("unknown") is None
    assert await store.passkeys.of_account("carla") == [newer, older]


async def test_a_credential_belongs_to_one_account(store: Store) -> None:
    """Of many who add it at once one does."""
    added = await concurrently(
        *(store.passkeys.add(a_passkey(f"a-{n}", credential_id="one")) for n in range(8))
    )

    assert (added.count(True), added.count(False)) == (1, 7)


async def test_of_uses_at_once_with_one_number_one_counts(store: Store) -> None:
    """Whoever checked an older number is refused; a device that always says 0 is not."""
    counting, silent = a_passkey(sign_count=4), a_passkey()
    for passkey in (counting, silent):
        await store.passkeys.add(passkey)

    used = await concurrently(*(store.passkeys.use(counting, 5, NOW + HOUR) for _ in range(8)))

    assert (used.count(True), used.count(False)) == (1, 7)
    assert [await store.passkeys.use(silent, 0, NOW + HOUR) for _ in range(2)] == [True, True]
    kept = await store.passkeys.by_credential(counting.credential_id)
    assert kept == replace(counting, sign_count=5, last_used_at=NOW + HOUR)
    assert not await store.passkeys.use(a_passkey(), 0, NOW)


async def test_passkeys_are_removed_by_their_account_alone(store: Store) -> None:
    """One by its id, those of a time on, or all of them; those of others stay."""
    old, new, other = a_passkey(), a_passkey(created_at=NOW + HOUR), a_passkey("luis")
    for passkey in (old, new, other):
        await store.passkeys.add(passkey)

    assert not await store.passkeys.remove("luis", old.id)
    await store.passkeys.remove_since("carla", NOW + HOUR)
    assert await store.passkeys.of_account("carla") == [old]
    assert await store.passkeys.remove("carla", old.id)
    assert not await store.passkeys.remove("carla", old.id)
    await store.passkeys.forget("luis")

    assert await store.passkeys.of_account("luis") == []
