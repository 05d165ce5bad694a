"""Which accounts were erased, and which erasures have work left."""

from datetime import datetime

from pymongo import ASCENDING

from marketplace.domain.erasures import Erasure
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoErasures(Collection[Erasure]):
    """One record for each erased account."""

    name = "erasures"
    kind = Erasure

    async def add(self, erasure: Erasure) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(erasure), session=self.session)

    async def get(self, account_id: str) -> Erasure | None:
        """The erasure of this account."""
        return await self._get(account_id)

    async def claim_due(self, now: datetime, lease_until: datetime) -> Erasure | None:
        """Claim the erasure that is due the longest; a null is not below any date."""
        claimed = await self._collection.find_one_and_update(
            {"due_at": {"$lte": now}},
            {"$set": {"due_at": lease_until}},
            sort=[("due_at", ASCENDING)],
        )
        return self._value(claimed)

    async def save(self, erasure: Erasure) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": erasure.id}, to_document(erasure), session=self.session
        )
