"""The delivery log of notifications."""

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError

from marketplace.domain.conversations import Channel
from marketplace.domain.notifications import Notification, NotificationState
from marketplace.domain.pages import Page, PageRequest
from marketplace.errors import TemporaryError
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document


@repository
class MongoNotifications(Collection[Notification]):
    """Notifications, unique by (event_id, account_id, channel)."""

    name = "notifications"
    kind = Notification

    async def add(self, notification: Notification) -> None:
        """Insert; does nothing if the same notification exists."""
        await self.add_many([notification])

    async def add_many(self, notifications: Sequence[Notification]) -> None:
        """Insert those that do not exist yet."""
        documents = [to_document(notification) for notification in notifications]
        await self._collection.bulk_write(
            [
                UpdateOne(
                    {name: document[name] for name in ("event_id", "account_id", "channel")},
                    {"$setOnInsert": document},
                    upsert=True,
                )
                for document in documents
            ],
            session=self.session,
        )

    async def latest_digests(self, keys: Ids[str]) -> dict[str, Notification]:
        """The digest with the highest first sequence for each key.

        Sorted by the index and grouped by its first field: the server reads one document per key.
        """
        groups = await self._collection.aggregate(
            [
                {"$match": {"data.digest": {"$in": list(keys)}}},
                {"$sort": {"data.digest": DESCENDING, "data.first_sequence": DESCENDING}},
                {"$group": {"_id": "$data.digest", "latest": {"$first": "$$ROOT"}}},
            ],
            session=self.session,
        ).to_list(None)
        return {group["_id"]: from_document(group["latest"], Notification) for group in groups}

    async def join_digests(self, sequences: Mapping[str, int], now: datetime) -> int:
        """Raise `data.sequence` of pending digests; returns how many were still pending."""
        joining = [
            UpdateOne(
                {"_id": digest_id, "state": NotificationState.PENDING},
                {"$max": {"data.sequence": sequence}, "$set": {"updated_at": now}},
            )
            for digest_id, sequence in sequences.items()
        ]
        try:
            outcome = await self._collection.bulk_write(
                joining, ordered=False, session=self.session
            )
        except BulkWriteError as error:  # may not be replicated; a retry is harmless
            raise TemporaryError("MongoDB: BulkWriteError") from error
        return outcome.matched_count

    async def claim_due(
        self, channel: Channel, now: datetime, lease_until: datetime
    ) -> Notification | None:
        """Claim a channel's longest-due notification until the lease ends."""
        claimed = await self._collection.find_one_and_update(
            {
                "channel": channel,
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
        """How many notifications `claim_due` could return now; scans the index up to `most`."""
        unfinished = [NotificationState.PENDING, NotificationState.SENDING]
        return await self._collection.count_documents(
            {"state": {"$in": unfinished}, "due_at": {"$lte": now}}, limit=most, maxTimeMS=2_000
        )

    async def settle(self, notification: Notification) -> bool:
        """Replace if it is `sending` in the attempt that `attempts` counts."""
        claimed = {
            "_id": notification.id,
            "state": NotificationState.SENDING,
            "attempts": notification.attempts,
        }
        outcome = await self._collection.replace_one(
            claimed, to_document(notification), session=self.session
        )
        return outcome.matched_count == 1

    async def known_ids(self, provider_ids: Ids[str], besides: str) -> frozenset[str]:
        """Which of these provider ids belong to notifications other than `besides`."""
        documents = self._collection.find(
            {"provider_id": {"$in": list(provider_ids)}, "_id": {"$ne": besides}},
            {"provider_id": 1},
            session=self.session,
        )
        return frozenset([document["provider_id"] async for document in documents])

    async def rename(self, account_id: str, rfi_id: str, old: str, new: str) -> None:
        """Replace a person's name in an account's notifications about an RFI."""
        about = {"account_id": account_id, "data.rfi_id": rfi_id}
        for field in ("data.sender_name", "data.vendor_name"):
            await self._collection.update_many({**about, field: old}, {"$set": {field: new}})

    async def forget(self, account_id: str, besides_kind: str) -> bool:
        """Delete an account's notifications, except unsent ones of a kind; True if none is left."""
        unfinished = [NotificationState.PENDING, NotificationState.SENDING]
        kept = {"kind": besides_kind, "state": {"$in": unfinished}}
        await self._collection.delete_many({"account_id": account_id, "$nor": [kept]})
        return await self._collection.find_one({"account_id": account_id}, {"_id": 1}) is None

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Notification]:
        """An account's notifications, newest first."""
        return await self._page({"account_id": account_id}, request)
