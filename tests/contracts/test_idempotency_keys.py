"""Answers kept under their Idempotency-Key."""

import asyncio

from marketplace.ports import Store, StoredResponse


async def test_a_free_key_is_taken_and_then_stands_for_its_answer(store: Store) -> None:
    """None at first; without a status while it runs; then the answer, word for word."""
    keys = store.idempotency_keys
    body = {"id": "r1", "nested": {"amount_minor": 2**40, "tags": ["a", None], "$set": 1}}

    assert await keys.begin("carla", "k1", "hash") is None
    assert await keys.begin("carla", "k1", "hash") == StoredResponse("hash", None, None)

    await keys.finish("carla", "k1", 201, body)

    assert await keys.begin("carla", "k1", "hash") == StoredResponse("hash", 201, body)


async def test_the_first_requests_hash_is_told_to_a_second_with_another_body(store: Store) -> None:
    """So that the caller can see that the key was used for something else."""
    await store.idempotency_keys.begin("carla", "k1", "first")

    kept = await store.idempotency_keys.begin("carla", "k1", "second")

    assert kept is not None
    assert kept.request_hash == "first"


async def test_scopes_do_not_meet(store: Store) -> None:
    """The same key of another person, or the same letters cut elsewhere, is another key."""
    keys = store.idempotency_keys
    await keys.begin("carla", "k1", "hash")

    assert await keys.begin("vince", "k1", "hash") is None
    assert await keys.begin("carla", "k2", "hash") is None
    assert await keys.begin("a:b", "c", "hash") is None
    assert await keys.begin("a", "b:c", "hash") is None


async def test_of_many_who_begin_at_a_time_one_runs(store: Store) -> None:
    """A double click sends the request twice; one of the two does the work."""
    begun = await asyncio.gather(
        *(store.idempotency_keys.begin("carla", "k1", "hash") for _ in range(20))
    )

    assert begun.count(None) == 1


async def test_a_forgotten_key_is_free_again(store: Store) -> None:
    """After a failure that the same request may survive, it may be tried again."""
    await store.idempotency_keys.begin("carla", "k1", "hash")

    await store.idempotency_keys.forget("carla", "k1")

    assert await store.idempotency_keys.begin("carla", "k1", "hash") is None
