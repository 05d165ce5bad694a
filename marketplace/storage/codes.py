"""Codes and links that are live."""

from datetime import datetime

from pymongo import ReturnDocument

from marketplace.domain.codes import Code, CodePurpose
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoCodes(Collection[Code]):
    """The live codes, one in each slot; a TTL index removes expired ones."""

    name = "codes"
    kind = Code

    async def put(self, code: Code) -> None:
        """Insert; replaces the code in the same slot."""
        await self._collection.replace_one(
            {"_id": code.id}, to_document(code), upsert=True, session=self.session
        )

    async def get(self, slot: str) -> Code | None:
        """The code in a slot, perhaps expired."""
        return await self._get(slot)

    async def by_nonce(self, nonce: str) -> Code | None:
        """The code with this nonce, perhaps expired."""
        return await self._one(nonce=nonce)

    async def take_try(self, slot: str, now: datetime, most: int) -> Code | None:
        """Count a try; condition and increment are one update, so no try is counted too few."""
        # A code that was not tried has no `tries`: MongoDB would find no missing field below a number.
        is_left = [{"tries": {"$exists": False}}, {"tries": {"$lt": most}}]
        counted = await self._collection.find_one_and_update(
            {"_id": slot, "expires_at": {"$gt": now}, "$or": is_left},
            {"$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return self._value(counted)

    async def spend(self, code: Code) -> bool:
        """Remove the code; False if it is gone or replaced."""
        outcome = await self._collection.delete_one(
            {"_id": code.id, "nonce": code.nonce}, session=self.session
        )
        return outcome.deleted_count == 1

    async def reserved_for(self, address: str, now: datetime) -> str | None:
        """The account that may still undo its change of email away from this address."""
        found = await self._collection.find_one(
            {
                "address": address,
                "purpose": CodePurpose.EMAIL_UNDO,
                "expires_at": {"$gt": now},
            },
            {"account_id": 1},
            session=self.session,
        )
        return None if found is None else str(found["account_id"])

    async def clear(self, *slots: str) -> None:
        """Remove the codes in these slots."""
        await self._collection.delete_many({"_id": {"$in": list(slots)}}, session=self.session)

    async def forget(self, account_id: str) -> None:
        """Remove all codes of an account."""
        await self._collection.delete_many({"account_id": account_id}, session=self.session)
