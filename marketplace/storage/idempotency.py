"""Answers kept under their Idempotency-Key for a day."""

from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from marketplace.ports import StoredResponse
from marketplace.storage.collection import Collection, repository


@repository
class MongoIdempotencyKeys(Collection[dict[str, Any]]):
    """Keys, unique by (scope, key); the scope is the account, so nobody meets another's keys."""

    name = "idempotency_keys"

    async def begin(self, scope: str, key: str, request_hash: str) -> StoredResponse | None:
        """Take the key; None when it was free, else what it stands for."""
        fresh = {"_id": _id(scope, key), "request_hash": request_hash, "at": datetime.now(UTC)}
        try:
            await self._collection.insert_one(fresh)
        except DuplicateKeyError:
            kept = await self._collection.find_one({"_id": _id(scope, key)})
            if kept is None:  # forgotten or expired between the two
                return await self.begin(scope, key, request_hash)
            return StoredResponse(kept["request_hash"], kept.get("status"), kept.get("body"))
        return None

    async def finish(self, scope: str, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer."""
        await self._collection.update_one(
            {"_id": _id(scope, key)}, {"$set": {"status": status, "body": body}}
        )

    async def forget(self, scope: str, key: str) -> None:
        """Free the key."""
        await self._collection.delete_one({"_id": _id(scope, key), "status": {"$exists": False}})


def _id(scope: str, key: str) -> dict[str, str]:
    """Two fields and not one text: wherever a caller puts a colon, keys of two scopes differ."""
    return {"scope": scope, "key": key}
