"""How much has been sent to each address."""

from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from marketplace.storage.collection import Collection, repository


@repository
class MongoSendQuotas(Collection[dict[str, Any]]):
    """One document per address: who has a place, and since when."""

    name = "send_quotas"

    async def take(
        self, key: str, holder: str, now: datetime, most: int, within: timedelta
    ) -> bool:
        """Whether the holder has, or gets, one of the places."""
        is_recent = {"$gt": ["$$place.at", now - within]}
        recent = {
            "$filter": {"input": {"$ifNull": ["$places", []]}, "as": "place", "cond": is_recent}
        }
        is_kept = {
            "$or": [{"$in": [holder, "$places.holder"]}, {"$gte": [{"$size": "$places"}, most]}]
        }
        with_this = {"$concatArrays": ["$places", [{"holder": {"$literal": holder}, "at": now}]]}
        document = await self._collection.find_one_and_update(
            {"_id": key},
            [
                {"$set": {"places": recent}},
                {"$set": {"places": {"$cond": [is_kept, "$places", with_this]}}},
                {"$set": {"expires_at": now + within}},
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=self.session,
        )
        return any(place["holder"] == holder for place in document["places"])
