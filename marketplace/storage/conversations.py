"""Conversations, their entries, and how far each participant has got."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.pages import Page, PageRequest
from marketplace.storage.collection import Collection, repository
from marketplace.storage.documents import from_document, to_document


@repository
class MongoConversations(Collection[Conversation]):
    """Conversations without their entries."""

    name = "conversations"
    kind = Conversation

    async def add(self, conversation: Conversation) -> None:
        """Insert."""
        await self._collection.insert_one(to_document(conversation), session=self.session)

    async def get(self, conversation_id: str) -> Conversation | None:
        """By id."""
        return await self._one(_id=conversation_id)

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """Newest first."""
        return await self._page({"participants.account_id": account_id}, request)


@repository
class MongoEntries(Collection[Entry]):
    """Entries, unique by (conversation, sequence) and (conversation, sender, client_message_id)."""

    name = "entries"
    kind = Entry

    async def add_next(self, entry: Entry) -> Entry:
        """Insert under the next sequence, within a transaction.

        When somebody was faster it is a write conflict, and `transact` tries again.
        """
        head = (await self.heads([entry.conversation_id]))[entry.conversation_id]
        numbered = replace(entry, sequence=head + 1)
        await self._collection.insert_one(to_document(numbered), session=self.session)
        return numbered

    async def insert_in_order(self, entries: Sequence[Entry]) -> None:
        """Insert as numbered, stopping at the first that does not go in.

        Ordered, so that a conversation's entry never goes in behind one that failed: sequences stay
        dense whatever happens.  Raises the driver's BulkWriteError, whose `index` tells where.
        """
        await self._collection.insert_many([to_document(each) for each in entries], ordered=True)

    async def get(self, entry_id: str) -> Entry | None:
        """By id."""
        return await self._one(_id=entry_id)

    async def get_stored(self, entry: Entry) -> Entry | None:
        """What stands in for this entry: itself, or the message first sent under the same ids."""
        same: list[dict[str, Any]] = [{"_id": entry.id}]
        if entry.client_message_id is not None:
            same.append(
                {
                    "conversation_id": entry.conversation_id,
                    "sender_id": entry.sender_id,
                    "client_message_id": entry.client_message_id,
                }
            )
        return self._value(await self._collection.find_one({"$or": same}))

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Behind a sequence, oldest first."""
        return await self._many(
            {"conversation_id": conversation_id, "sequence": {"$gt": sequence}},
            sort=[("sequence", ASCENDING)],
            limit=limit,
        )

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last ones before a sequence (or of all), oldest first."""
        condition: dict[str, Any] = {"conversation_id": conversation_id}
        if sequence is not None:
            condition["sequence"] = {"$lt": sequence}
        found = await self._many(condition, sort=[("sequence", DESCENDING)], limit=limit)
        return found[::-1]

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each; 0 where there is no entry.

        Sorted by the unique index and grouped by its first field, so that the server reads one key
        a conversation (a DISTINCT_SCAN) and no document.
        """
        found = await self._collection.aggregate(
            [
                {"$match": {"conversation_id": {"$in": list(conversation_ids)}}},
                {"$sort": {"conversation_id": -1, "sequence": -1}},
                {"$group": {"_id": "$conversation_id", "head": {"$first": "$sequence"}}},
            ],
            session=self.session,
        ).to_list(None)
        heads = {each["_id"]: int(each["head"]) for each in found}
        return {each: heads.get(each, 0) for each in conversation_ids}


@repository
class MongoReadPositions(Collection[ReadPosition]):
    """How far each participant has got; the numbers only move forward."""

    name = "read_positions"
    kind = ReadPosition

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; None when nothing moved."""
        delivered = max(delivered, read)  # what was read was delivered
        key = f"{conversation_id}:{account_id}"
        before = await self._collection.find_one_and_update(
            {"_id": key},
            {
                "$max": {"delivered_sequence": delivered, "read_sequence": read},
                "$setOnInsert": {"conversation_id": conversation_id, "account_id": account_id},
            },
            upsert=True,
            return_document=ReturnDocument.BEFORE,
            session=self.session,
        )
        old_delivered = before["delivered_sequence"] if before else 0
        old_read = before["read_sequence"] if before else 0
        if delivered <= old_delivered and read <= old_read:
            return None
        return ReadPosition(
            conversation_id, account_id, max(delivered, old_delivered), max(read, old_read)
        )

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """Of all participants that have one."""
        found = await self._collection.find({"conversation_id": conversation_id}).to_list(None)
        return [from_document(each, ReadPosition) for each in found]

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's, by conversation."""
        keys = [f"{each}:{account_id}" for each in conversation_ids]
        found = await self._collection.find({"_id": {"$in": keys}}).to_list(None)
        return {each["conversation_id"]: from_document(each, ReadPosition) for each in found}
