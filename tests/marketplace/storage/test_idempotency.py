"""Keys of the previous version, which runs alongside this one during an upgrade."""

from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.domain.requests import RequestKey
from marketplace.ports import Claim, StoredResponse
from marketplace.storage import MongoStore

KEY = {"scope": "carla", "key": "k1"}


async def stored_by_the_previous_version(store: MongoStore, **more: Any) -> None:
    """Insert a document as the previous version writes it: without a lease."""
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    document = {"_id": KEY, "request_hash": "hash", "at": an_hour_ago, **more}
    await store.database["idempotency_keys"].insert_one(document)


async def test_an_answer_of_the_previous_version_is_replayed(store: MongoStore) -> None:
    """An answer stored by the previous version is returned again."""
    await stored_by_the_previous_version(store, status=201, body={"id": "r1"})

    begun = await store.idempotency_keys.begin("carla", RequestKey("k1", "hash"), 20.0)

    assert begun == StoredResponse("hash", 201, {"id": "r1"})


async def test_a_claim_of_the_previous_version_is_not_taken_over(store: MongoStore) -> None:
    """Its outcome is unknown, so it is refused rather than done twice."""
    await stored_by_the_previous_version(store)

    begun = await store.idempotency_keys.begin("carla", RequestKey("k1", "hash"), 20.0)

    assert begun == StoredResponse("hash", None, None)


async def test_the_previous_version_reads_this_versions_keys(store: MongoStore) -> None:
    """A running key has no status; a finished one has `status` and `body`, as before."""
    keys, collection = store.idempotency_keys, store.database["idempotency_keys"]
    claim = await keys.begin("carla", RequestKey("k1", "hash"), 20.0)
    assert isinstance(claim, Claim)
    running = await collection.find_one({"_id": KEY})

    async def nothing(_: object) -> None:
        """No effect is needed."""

    await store.claimed(claim, lambda _: (201, {"id": "r1"})).transact(nothing)
    kept = await collection.find_one({"_id": KEY})

    assert running is not None
    assert running["request_hash"] == "hash"
    assert "status" not in running
    assert kept is not None
    assert {name: kept[name] for name in ("request_hash", "status", "body")} == {
        "request_hash": "hash",
        "status": 201,
        "body": {"id": "r1"},
    }
    assert kept.keys() == {"_id", "request_hash", "at", "status", "body"}
