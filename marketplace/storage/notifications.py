"""The delivery log of notifications."""

from datetime import datetime

from pymongo import ASCENDING, ReturnDocument

from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import to_document


@repository
class MongoNotifications(Collection[Notification]):
    """Notifications, unique by (event_id, account_id, channel)."""

    name = "notifications"
    kind = Notification

    async def add(self, notification: Notification) -> None:
        """Insert; nothing happens when the same is there already."""
        fields = to_document(notification)
        unique = {name: fields[name] for name in ("event_id", "account_id", "channel")}
        await self._collection.update_one(
            unique, {"$setOnInsert": fields}, upsert=True, session=self.session
        )

    async def claim_due(self, now: datetime, lease_until: datetime) -> Notification | None:
        """Take the longest due one for sending until the lease ends."""
        claimed = await self._collection.find_one_and_update(
            {
                "state": {"$in": [NotificationState.PENDING, NotificationState.SENDING]},
                "due_at": {"$lte": now},
            },
            {
                "$set": {
                    "state": NotificationState.SENDING,
                    "due_at": lease_until,
                    "updated_at": now,
                },
                "$inc": {"attempts": 1},
            },
            sort=[("due_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return self._value(claimed)

    async def count_due(self, now: datetime, most: int) -> int:
        """How many `claim_due` could give out now; along the index, and no further than `most`."""
        on_the_way = [NotificationState.PENDING, NotificationState.SENDING]
        return await self._collection.count_documents(
            {"state": {"$in": on_the_way}, "due_at": {"$lte": now}}, limit=most, maxTimeMS=2_000
        )

    async def save(self, notification: Notification) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": notification.id}, to_document(notification), session=self.session
        )

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """Newest first."""
        return await self._page({"account_id": account_id}, request)
