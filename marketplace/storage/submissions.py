"""When accounts submitted RFIs."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.storage.collection import Collection, repository


@repository
class MongoSubmissions(Collection[None]):
    """One document per account, with the times of its latest submissions."""

    name = "submissions"

    async def of(self, account_id: str) -> list[datetime]:
        """The account's stored submission times, oldest first."""
        document = await self._collection.find_one({"_id": account_id}, session=self.session)
        return list(document["at"]) if document is not None else []

    async def keep(self, account_id: str, at: Sequence[datetime], now: datetime) -> None:
        """Replace the stored times; the counter makes this a write even if nothing else changes."""
        await self._collection.update_one(
            {"_id": account_id},
            {"$set": {"at": list(at), "kept_at": now}, "$inc": {"writes": 1}},
            upsert=True,
            session=self.session,
        )
