"""Claims of Idempotency-Keys, and the responses stored under them for a day."""

from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from marketplace.domain.requests import RequestKey
from marketplace.ids import new_id
from marketplace.ports import Claim, ClaimLostError, StoredResponse
from marketplace.storage.collection import Collection, repository

_NOT_ANSWERED = {"status": {"$exists": False}}


@repository
class MongoIdempotencyKeys(Collection[dict[str, Any]]):
    """Keys, unique by (scope, key); the scope is the account, so accounts never share keys.

    Leases end by the server's clock, which all processes share. Documents of the previous version
    have no lease: whether their effect happened is unknown, so they are never taken over.
    """

    name = "idempotency_keys"

    async def begin(
        self, scope: str, request: RequestKey, lease_s: float
    ) -> Claim | StoredResponse:
        """Claim the key, or return what is stored under it, in one command."""
        claim = Claim(scope, request.key, new_id())
        update = _claim_update(claim, request.request_hash, round(lease_s * 1_000))
        try:
            document = await self._collection.find_one_and_update(
                {"_id": _id(scope, request.key)},
                update,
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # a concurrent insert was first
            return await self.begin(scope, request, lease_s)
        return claim if document.get("lease") == claim.lease else _stored_response(document)

    async def find(self, scope: str, key: str) -> StoredResponse | None:
        """What is stored under the key, without claiming it."""
        document = await self._collection.find_one({"_id": _id(scope, key)})
        return None if document is None else _stored_response(document)

    async def finish(self, claim: Claim, status: int, body: dict[str, Any]) -> None:
        """Store the response; a concurrent takeover is a write conflict, and then a lost claim."""
        outcome = await self._collection.update_one(
            _held_by(claim),
            {
                "$set": {"status": status, "body": body},
                "$unset": {"lease": "", "lease_ends_at": ""},
            },
            session=self.session,
        )
        if outcome.matched_count != 1:
            raise ClaimLostError

    async def release(self, claim: Claim) -> bool:
        """Free the key; False if the claim was lost."""
        return (await self._collection.delete_one(_held_by(claim))).deleted_count == 1

    async def expire(self, claim: Claim) -> None:
        """End the lease."""
        update = [{"$set": {"lease_ends_at": "$$NOW"}}]
        await self._collection.update_one(_held_by(claim), update)


def _claim_update(claim: Claim, request_hash: str, lease_ms: int) -> list[dict[str, Any]]:
    """The update that claims a free key, and changes nothing if the key is taken."""
    is_new = {"$eq": [{"$type": "$request_hash"}, "missing"]}
    is_expired = {
        "$and": [
            {"$eq": [{"$type": "$status"}, "missing"]},
            {"$eq": ["$request_hash", request_hash]},
            # A missing date would compare as earlier than every other date.
            {"$eq": [{"$type": "$lease_ends_at"}, "date"]},
            {"$lte": ["$lease_ends_at", "$$NOW"]},
        ]
    }
    claimed = {
        "request_hash": request_hash,
        "at": "$$NOW",
        "lease": claim.lease,
        "lease_ends_at": {"$add": ["$$NOW", lease_ms]},
    }
    is_free = {"$or": [is_new, is_expired]}
    return [
        {"$set": {name: {"$cond": [is_free, value, f"${name}"]} for name, value in claimed.items()}}
    ]


def _held_by(claim: Claim) -> dict[str, Any]:
    return {"_id": _id(claim.scope, claim.key), "lease": claim.lease, **_NOT_ANSWERED}


def _stored_response(document: dict[str, Any]) -> StoredResponse:
    return StoredResponse(document["request_hash"], document.get("status"), document.get("body"))


def _id(scope: str, key: str) -> dict[str, str]:
    """Two fields instead of one text: wherever a caller puts a colon, keys of two scopes differ."""
    return {"scope": scope, "key": key}
