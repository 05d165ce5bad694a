"""Timers in MongoDB."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne

from marketplace.domain.timers import Timer, TimerKind
from marketplace.ids import new_id
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document

# Other processes may claim what was found; another look finds other timers.
_LOOKS = 5


@repository
class MongoTimers(Collection[Timer]):
    """Timers; a claim is a new `lease` and a later `claimable_at`."""

    name = "timers"
    kind = Timer

    async def set_many(self, timers: Sequence[Timer]) -> None:
        """Insert or replace by id."""
        if timers:
            await self._collection.bulk_write(
                [
                    ReplaceOne({"_id": timer.id}, to_document(timer), upsert=True)
                    for timer in timers
                ],
                session=self.session,
            )

    async def cancel(self, timer_ids: Ids[str]) -> None:
        """Remove those of these timers that exist."""
        if timer_ids:
            await self._collection.delete_many(
                {"_id": {"$in": list(timer_ids)}}, session=self.session
            )

    async def finish(self, claimed: Timer) -> bool:
        """Remove a timer while its claim holds."""
        outcome = await self._collection.delete_one(_held(claimed), session=self.session)
        return outcome.deleted_count == 1

    async def get_many(self, timer_ids: Ids[str]) -> dict[str, Timer]:
        """The timers with these ids, by id."""
        documents = await self._collection.find(
            {"_id": {"$in": list(timer_ids)}}, session=self.session
        ).to_list(None)
        return {document["_id"]: from_document(document, Timer) for document in documents}

    async def claim(
        self,
        kind: TimerKind,
        now: datetime,
        limit: int,
        lease_until: datetime,
        *,
        newest_first: bool = False,
    ) -> list[Timer]:
        """Claim due timers: look, claim what is still claimable, and read what was claimed."""
        claimable = {"kind": kind, "claimable_at": {"$lte": now}}
        order = [("claimable_at", DESCENDING if newest_first else ASCENDING)]
        for _ in range(_LOOKS):
            documents = await self._collection.find(
                claimable, {"_id": 1}, sort=order, limit=limit
            ).to_list(limit)
            if not documents:
                break
            ids = [document["_id"] for document in documents]
            claim = {"lease": new_id(), "claimable_at": lease_until}
            outcome = await self._collection.update_many(
                {**claimable, "_id": {"$in": ids}}, {"$set": claim}
            )
            if outcome.modified_count:
                mine = {"_id": {"$in": ids}, "lease": claim["lease"]}
                return await self._many(mine, sort=[("due_at", ASCENDING)], limit=limit)
        return []

    async def put_off(self, claimed: Timer, until: datetime) -> None:
        """Count a failed attempt and let the timer be claimed again."""
        await self._collection.update_one(
            _held(claimed),
            {
                "$set": {"claimable_at": until},
                "$unset": {"lease": ""},
                "$inc": {"failures": 1},
            },
            session=self.session,
        )

    async def longest_due(self, kind: TimerKind, now: datetime) -> datetime | None:
        """When the timer of a kind fell due that has been due for longest."""
        found = await self._many(
            {"kind": kind, "due_at": {"$lte": now}}, sort=[("due_at", ASCENDING)], limit=1
        )
        return found[0].due_at if found else None


def _held(claimed: Timer) -> dict[str, Any]:
    # A lease of None would match every timer that nobody has claimed.
    return {"_id": claimed.id, "lease": claimed.lease or ""}
