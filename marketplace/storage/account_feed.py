"""The feeds of accounts: their items, and a document for each account with its highest position.

    append: items without a position, in the transaction of their cause
    number: gives what waits its positions, in a transaction of its own

A position is the one thing that everybody who tells an account contends for. Taken together and
after the commit, it costs a conflict no more than a few commands.
"""

from collections import Counter as Tally
from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.read_concern import ReadConcern

from marketplace.coalescing import Coalescer
from marketplace.domain.account_feed import MAX_ITEMS, FeedItem
from marketplace.ids import new_id
from marketplace.storage.collection import Collection, Database, Session, repository
from marketplace.storage.documents import to_document
from marketplace.storage.transactions import transacted

# How many items above `MAX_ITEMS` gather before they are removed together.
TRIM_EVERY = 100
# One small document for each account: a gateway compares thousands of them every few seconds.
_HEADS_PER_QUERY = 1_000
_ANY_ITEM = {"position": {"$gt": 0}}
_ACCOUNTS_TOGETHER, _ITEMS_TOGETHER = 20, 500


@repository
class MongoAccountFeed(Collection[FeedItem]):
    """Items, unique by (account, position); a TTL index removes them at the end of their lifetime."""

    name = "feed_items"
    kind = FeedItem

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._positions = database["feed_heads"]
        self._heads = Coalescer(self._read_settled_heads, max_keys=_HEADS_PER_QUERY)
        self._numbering = Coalescer(self._number_waiting, max_keys=_ACCOUNTS_TOGETHER)

    async def append(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """Store the items without positions, within a transaction."""
        if not items:
            return []
        added = [replace(item, id=new_id()) for item in items]
        await self._collection.insert_many(
            [{**to_document(item), "is_waiting": True} for item in added], session=self.session
        )
        return added

    async def number(self, items: Sequence[FeedItem]) -> list[FeedItem]:
        """The appended items with their positions, which they get now if they have none."""
        found = await self._numbering.many({item.account_id for item in items})
        positions = {id_: at for numbered in found.values() for id_, at in numbered.items()}
        others = [item.id for item in items if item.id not in positions]
        if others:  # somebody else has numbered them
            documents = await self._collection.find(
                {"_id": {"$in": others}, "position": {"$gt": 0}}, {"position": 1}
            ).to_list(None)
            positions |= {document["_id"]: document["position"] for document in documents}
        return [
            replace(item, position=positions[item.id]) for item in items if item.id in positions
        ]

    async def after(self, account_id: str, position: int, limit: int) -> list[FeedItem]:
        """The stored items after a position, oldest first."""
        return await self._many(
            {"account_id": account_id, "position": {"$gt": position}},
            sort=[("position", ASCENDING)],
            limit=limit,
        )

    async def before(self, account_id: str, position: int | None, limit: int) -> list[FeedItem]:
        """The last stored items before a position (or of all), oldest first."""
        below = {} if position is None else {"$lt": position}
        newest_first = await self._many(
            {"account_id": account_id, "position": {"$gt": 0, **below}},
            sort=[("position", DESCENDING)],
            limit=limit,
        )
        return newest_first[::-1]

    async def heads(self, account_ids: Ids[str]) -> dict[str, int]:
        """The highest position of each account; 0 if it was never told anything."""
        heads = await self._heads.many(account_ids)
        return {account_id: heads.get(account_id, 0) for account_id in account_ids}

    async def rename(self, account_id: str, vendor_id: str, name: str) -> None:
        """Put another name for a vendor into what an account was told about it."""
        await self.heads([account_id])  # every item has a position now, by which it is found
        about = {"data.vendor_id": vendor_id, "data.vendor_name": {"$exists": True}}
        await self._collection.update_many(
            {"account_id": account_id, **_ANY_ITEM, **about},
            {"$set": {"data.vendor_name": name}},
        )

    async def forget(self, account_id: str) -> None:
        """Delete an account's items, and its position."""
        await self.heads([account_id])  # every item has a position now, by which it is found
        await self._collection.delete_many({"account_id": account_id, **_ANY_ITEM})
        await self._positions.delete_one({"_id": account_id})

    async def newest_head(self, account_id: str) -> int:
        """The account's highest position, including one that only the primary has."""
        newest = self._positions.with_options(read_concern=ReadConcern("local"))
        document = await newest.find_one({"_id": account_id})
        return int(document["position"]) if document is not None else 0

    async def _read_settled_heads(self, account_ids: list[str]) -> dict[str, int]:
        """The heads, after what a killed process has left without a position got one."""
        waiting = await self._collection.distinct(
            "account_id", {"account_id": {"$in": account_ids}, "is_waiting": True}
        )
        if waiting:
            await self._numbering.many(waiting)
        return await self._read_heads(account_ids)

    async def _read_heads(self, account_ids: list[str], session: Session = None) -> dict[str, int]:
        documents = await self._positions.find(
            {"_id": {"$in": account_ids}}, session=session
        ).to_list(None)
        return {document["_id"]: int(document["position"]) for document in documents}

    async def _number_waiting(self, account_ids: list[str]) -> dict[str, dict[str, int]]:
        """Number what waits in these feeds; returns the position of each item by its id."""
        numbered: dict[str, dict[str, int]] = {}
        count = _ITEMS_TOGETHER
        while count == _ITEMS_TOGETHER:
            found = await transacted(self._database.client, partial(self._number_some, account_ids))
            count = len(found)
            for account_id, item_id, position in found:
                numbered.setdefault(account_id, {})[item_id] = position
        return numbered

    async def _number_some(
        self, account_ids: list[str], session: AsyncIOMotorClientSession
    ) -> list[tuple[str, str, int]]:
        waiting = (
            await self._collection.find(
                {"account_id": {"$in": account_ids}, "is_waiting": True},
                {"account_id": 1},
                session=session,
            )
            .sort("_id", ASCENDING)
            .to_list(_ITEMS_TOGETHER)
        )
        if not waiting:
            return []
        counts = Tally(str(item["account_id"]) for item in waiting)
        raised = [
            UpdateOne({"_id": account_id}, {"$inc": {"position": count}}, upsert=True)
            for account_id, count in counts.items()
        ]
        await self._positions.bulk_write(raised, session=session)
        heads = await self._read_heads(list(counts), session)
        last = {account_id: heads[account_id] - count for account_id, count in counts.items()}
        numbered = []
        for item in waiting:
            last[item["account_id"]] += 1
            numbered.append((item["account_id"], item["_id"], last[item["account_id"]]))
        settled = [
            UpdateOne({"_id": id_}, {"$set": {"position": at}, "$unset": {"is_waiting": True}})
            for _, id_, at in numbered
        ]
        await self._collection.bulk_write(settled, session=session)
        for account_id, count in counts.items():
            await self._trim(account_id, heads[account_id], count, session)
        return numbered

    async def _trim(
        self, account_id: str, head: int, added: int, session: AsyncIOMotorClientSession
    ) -> None:
        """Remove what is older than the newest items, once for every hundred that were added."""
        if head // TRIM_EVERY == (head - added) // TRIM_EVERY:
            return
        await self._collection.delete_many(
            {"account_id": account_id, "position": {"$gt": 0, "$lte": head - MAX_ITEMS}},
            session=session,
        )
