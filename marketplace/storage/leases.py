"""Leases: one of several processes works, the others wait and take over."""

from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from marketplace.ports import Clock
from marketplace.storage.collection import Database, away_is_temporary


class Lease:
    """A named lease in MongoDB, held by at most one holder at a time.

    The holder renews it well before `ttl_s` has passed, and stops working if it cannot.
    """

    def __init__(
        self, database: Database, name: str, holder: str, clock: Clock, *, ttl_s: float
    ) -> None:
        self._collection = database["leases"]
        self._name = name
        self._holder = holder
        self._clock = clock
        self._ttl = timedelta(seconds=ttl_s)

    async def hold(self) -> bool:
        """Take or renew the lease; False while another process holds it."""
        now = self._clock.now()
        async with away_is_temporary(None):
            try:
                await self._collection.update_one(
                    {
                        "_id": self._name,
                        "$or": [{"holder": self._holder}, {"expires_at": {"$lte": now}}],
                    },
                    {"$set": {"holder": self._holder, "expires_at": now + self._ttl}},
                    upsert=True,
                )
            except DuplicateKeyError:  # another process holds it, and it has not expired
                return False
        return True

    async def release(self) -> None:
        """Give it up, so that another process can take over immediately."""
        async with away_is_temporary(None):
            await self._collection.delete_one({"_id": self._name, "holder": self._holder})
