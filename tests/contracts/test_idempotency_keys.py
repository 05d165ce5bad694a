"""Claims of Idempotency-Keys, and the answers stored under them."""

import asyncio
from typing import Any

import pytest

from marketplace.domain.requests import RequestKey
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Claim, ClaimLostError, Repositories, Store, StoredResponse
from tests.builders import a_vendor

LONG_S = 60.0
RUNNING = StoredResponse("hash", None, None)
BODY = {"id": "r1", "nested": {"amount_minor": 2**40, "tags": ["a", None], "$set": 1}}


def a_request(key: str = "k1", request_hash: str = "hash") -> RequestKey:
    """A request with an Idempotency-Key."""
    return RequestKey(key, request_hash)


async def claimed(store: Store, *, lease_s: float = LONG_S, key: str = "k1") -> Claim:
    """Carla's claim of a key that is free or whose lease has ended."""
    begun = await store.idempotency_keys.begin("carla", a_request(key), lease_s)
    assert isinstance(begun, Claim)
    return begun


def answered(_: object) -> tuple[int, dict[str, Any]]:
    """The answer that the tests store."""
    return 201, BODY


async def add_vendor(store: Store, claim: Claim) -> str:
    """Create a vendor under a claim."""
    vendor = a_vendor(id=new_id())

    async def work(tx: Repositories) -> None:
        await tx.vendors.add(vendor)

    await store.claimed(claim, answered).transact(work)
    return vendor.id


async def test_a_claimed_key_has_no_answer_before_the_commit(store: Store) -> None:
    """A claimed key has no status until the commit, and then exactly the stored answer."""
    claim = await claimed(store)

    assert await store.idempotency_keys.begin("carla", a_request(), LONG_S) == RUNNING
    assert await store.idempotency_keys.find("carla", "k1") == RUNNING

    await add_vendor(store, claim)

    kept = StoredResponse("hash", 201, BODY)
    assert await store.idempotency_keys.begin("carla", a_request(), LONG_S) == kept
    assert await store.idempotency_keys.find("carla", "k1") == kept


async def test_a_free_key_reads_as_none(store: Store) -> None:
    """Reading a free key returns None and does not claim it."""
    assert await store.idempotency_keys.find("carla", "k1") is None
    await claimed(store)


async def test_a_claim_returns_the_first_requests_hash(store: Store) -> None:
    """The first request's hash shows that the key had another body, even after the lease ended."""
    await claimed(store, lease_s=0)

    begun = await store.idempotency_keys.begin("carla", a_request(request_hash="other"), LONG_S)

    assert begun == RUNNING


async def test_keys_of_different_scopes_are_independent(store: Store) -> None:
    """Another person's key, or the same characters split differently, is a different key."""
    keys = store.idempotency_keys
    await keys.begin("carla", a_request("k1"), LONG_S)

    for scope, key in (("vince", "k1"), ("carla", "k2"), ("a:b", "c"), ("a", "b:c"), ("a", "$b")):
        assert isinstance(await keys.begin(scope, a_request(key), LONG_S), Claim)


async def test_only_one_concurrent_claim_succeeds(store: Store) -> None:
    """When a double click sends a request twice, one of the two does the work."""
    begun = await asyncio.gather(
        *(store.idempotency_keys.begin("carla", a_request(), LONG_S) for _ in range(20))
    )

    assert len([outcome for outcome in begun if isinstance(outcome, Claim)]) == 1


async def test_only_one_concurrent_takeover_succeeds(store: Store) -> None:
    """After the lease has ended, one of any number of retries does the work."""
    await claimed(store, lease_s=0)

    begun = await asyncio.gather(
        *(store.idempotency_keys.begin("carla", a_request(), LONG_S) for _ in range(20))
    )

    assert len([outcome for outcome in begun if isinstance(outcome, Claim)]) == 1


async def test_a_key_with_an_answer_cannot_be_taken_over(store: Store) -> None:
    """A key with a committed answer keeps it after the lease has ended."""
    claim = await claimed(store, lease_s=0)
    await add_vendor(store, claim)

    begun = await store.idempotency_keys.begin("carla", a_request(), LONG_S)

    assert begun == StoredResponse("hash", 201, BODY)


async def test_a_late_attempt_cannot_commit_after_a_takeover(store: Store) -> None:
    """The late attempt is rolled back, and the attempt that took over has the only effect."""
    late = await claimed(store, lease_s=0)
    newer = await claimed(store)

    with pytest.raises(ClaimLostError):
        await add_vendor(store, late)
    kept = await add_vendor(store, newer)

    assert await store.vendors.get(kept) is not None
    assert await store.idempotency_keys.find("carla", "k1") == StoredResponse("hash", 201, BODY)


async def test_a_takeover_during_the_transaction_stops_its_commit(store: Store) -> None:
    """An attempt cannot commit if its key was taken over during its transaction."""
    late = await claimed(store, lease_s=0)
    vendor, halfway, go_on = a_vendor(), asyncio.Event(), asyncio.Event()

    async def work(tx: Repositories) -> None:
        await tx.vendors.add(vendor)
        halfway.set()
        await go_on.wait()

    running = asyncio.create_task(store.claimed(late, answered).transact(work))
    await halfway.wait()
    taking_over = asyncio.create_task(claimed(store))
    await asyncio.wait([taking_over], timeout=0.2)  # in memory it waits for the transaction
    go_on.set()
    outcome = (await asyncio.gather(running, return_exceptions=True))[0]

    was_taken_over = not isinstance(outcome, type(None))
    assert was_taken_over is isinstance(outcome, ClaimLostError)
    assert (await store.vendors.get(vendor.id) is None) is was_taken_over
    took = (await asyncio.gather(taking_over, return_exceptions=True))[0]
    assert isinstance(took, Claim) is was_taken_over


async def test_failed_work_stores_no_answer(store: Store) -> None:
    """Failed work stores neither effect nor answer, and the claim still holds."""
    claim = await claimed(store)

    async def work(tx: Repositories) -> None:
        await tx.vendors.add(a_vendor())
        raise ParleyError(Code.WRONG_STATE, "No.")

    with pytest.raises(ParleyError):
        await store.claimed(claim, answered).transact(work)

    assert await store.idempotency_keys.find("carla", "k1") == RUNNING
    await add_vendor(store, claim)


async def test_an_effect_is_stored_once_under_a_claim(store: Store) -> None:
    """A second transaction of the same attempt changes nothing."""
    claim = await claimed(store)
    await add_vendor(store, claim)

    with pytest.raises(ClaimLostError):
        await add_vendor(store, claim)


async def test_a_released_key_is_free_again(store: Store) -> None:
    """After a refusal, the same key may be used for another request."""
    assert await store.idempotency_keys.release(await claimed(store))

    begun = await store.idempotency_keys.begin("carla", a_request(request_hash="other"), LONG_S)

    assert isinstance(begun, Claim)


async def test_only_an_own_unanswered_claim_can_be_released(store: Store) -> None:
    """Only the attempt that holds the key can release it, and only before it has an answer."""
    late = await claimed(store, lease_s=0)
    newer = await claimed(store)

    assert not await store.idempotency_keys.release(late)
    await store.idempotency_keys.expire(late)
    assert await store.idempotency_keys.find("carla", "k1") == RUNNING
    await add_vendor(store, newer)
    assert not await store.idempotency_keys.release(newer)

    assert await store.idempotency_keys.find("carla", "k1") == StoredResponse("hash", 201, BODY)


async def test_an_abandoned_attempt_is_taken_over_and_never_commits(
    store: Store,
) -> None:
    """An attempt with an unknown outcome keeps the key claimed; the next request takes over."""
    late = await claimed(store)
    await store.idempotency_keys.expire(late)

    assert await store.idempotency_keys.find("carla", "k1") == RUNNING
    newer = await claimed(store)
    with pytest.raises(ClaimLostError):
        await add_vendor(store, late)
    await add_vendor(store, newer)
