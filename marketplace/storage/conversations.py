"""Conversations, their entries, and how far each participant has got."""

from collections import defaultdict
from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.read_concern import ReadConcern

from marketplace.coalescing import Coalescer
from marketplace.domain.conversations import (
    Conversation,
    Entry,
    EntryKind,
    ReadPosition,
    deletion_id,
)
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.unread import Unread
from marketplace.ports import Appended
from marketplace.storage.collection import Collection, Database, Session, repository
from marketplace.storage.documents import from_document, to_document
from marketplace.storage.message_states import IS_TEXT, message_states
from marketplace.storage.unread import count_unread

# Pages read in one round trip: a full one has 200 entries, and decoding them holds the event loop.
_PAGES_TOGETHER = 16


_MAX_EDITS = 100
# Beyond every sequence, and a 64-bit integer.
_ABOVE_ALL = 2**62


def _sent_as(entry: Entry) -> tuple[str, str | None, str | None]:
    """What a message is known by, for ever."""
    return entry.conversation_id, entry.sender_id, entry.client_message_id


def _keyed_as(entry: Entry) -> tuple[str | None, str] | None:
    """What a message that came with an Idempotency-Key is known by as well."""
    return None if entry.request is None else (entry.sender_id, entry.request.key)


class _Page(NamedTuple):
    """Entries of a conversation on one side of a sequence, those next to it first."""

    conversation_id: str
    side: str
    sequence: int
    limit: int

    def stages(self) -> list[dict[str, Any]]:
        """The page as an aggregation."""
        order = ASCENDING if self.side == "$gt" else DESCENDING
        wanted = {"conversation_id": self.conversation_id, "sequence": {self.side: self.sequence}}
        return [{"$match": wanted}, {"$sort": {"sequence": order}}, {"$limit": self.limit}]


_NEWEST = ReadConcern("local")


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
        return await self._get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        """Replace."""
        await self._collection.replace_one(
            {"_id": conversation.id}, to_document(conversation), session=self.session
        )

    async def blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones among these conversations, and by whom."""
        found = await self._collection.find(
            {"_id": {"$in": list(conversation_ids)}, "blocked_by": {"$exists": True}},
            {"blocked_by": 1},
            session=self.session,
        ).to_list(None)
        return {each["_id"]: tuple(each["blocked_by"]) for each in found}

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """Newest first."""
        return await self._page({"participants.account_id": account_id}, request)


@repository
class MongoEntries(Collection[Entry]):
    """Entries, unique by (conversation, sequence), (conversation, sender, client_message_id), and
    (sender, Idempotency-Key)."""

    name = "entries"
    kind = Entry

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._heads = Coalescer(self._read_heads)
        self._pages = Coalescer(self._read_pages, max_keys=_PAGES_TOGETHER)

    async def add_next(self, entry: Entry) -> Entry:
        """Insert under the next sequence, within a transaction.

        When somebody was faster it is a write conflict, and `transact` tries again.  The transaction
        does not see what came in since it began: were the number taken from there, somebody who sends
        without a pause would keep it from ever being the next one.  Once inserted, it keeps others out.
        """
        ids = [entry.conversation_id]
        own, newest = await self.heads(ids), await self.newest_heads(ids)
        head = max(own[entry.conversation_id], newest[entry.conversation_id])
        numbered = replace(entry, sequence=head + 1)
        await self._collection.insert_one(to_document(numbered), session=self.session)
        return numbered

    async def add_deletion(self, deletion: Entry) -> Appended:
        """Insert a message's deletion under the next sequence, within a transaction, if it is the first.

        The id is the message's own, so that of two at a time one meets the other's: a write conflict,
        and `transact` tries again.  The version before gave deletions ids of their own.
        """
        message_id = deletion.message_id or ""
        first = await self._many(
            {"message_id": message_id, "kind": EntryKind.DELETION},
            sort=[("sequence", ASCENDING)],
            limit=1,
        )
        if first:
            return Appended(first[0], is_new=False)
        named = replace(deletion, id=deletion_id(message_id))
        return Appended(await self.add_next(named), is_new=True)

    async def insert_in_order(self, entries: Sequence[Entry]) -> None:
        """Insert as numbered, stopping at the first that does not go in.

        Ordered, so that a conversation's entry never goes in behind one that failed: sequences stay
        dense whatever happens.  Raises the driver's BulkWriteError, whose `index` tells where.
        """
        await self._collection.insert_many([to_document(each) for each in entries], ordered=True)

    async def get(self, entry_id: str) -> Entry | None:
        """By id."""
        return await self._get(entry_id)

    async def sent_under(self, sender_id: str, key: str) -> Entry | None:
        """The message that a person sent under an Idempotency-Key, in whichever conversation."""
        return await self._one(**{"sender_id": sender_id, "request.key": key})

    async def edits(self, message_id: str) -> list[Entry]:
        """The edits of a message, oldest first; of very many the last ones."""
        found = await self._many(
            {"message_id": {"$eq": message_id, **IS_TEXT}, "kind": EntryKind.EDIT},
            sort=[("sequence", DESCENDING)],
            limit=_MAX_EDITS,
        )
        return found[::-1]

    async def get_stored(self, entries: Sequence[Entry]) -> dict[str, Entry]:
        """What stands in for these entries, by their ids; what is not stored is left out.

        An entry stands for itself, or the message first sent under the same ids or key does.
        """
        sent: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        for each in entries:
            if each.client_message_id is not None:
                sent[each.conversation_id, each.sender_id].append(each.client_message_id)
        same: list[dict[str, Any]] = [{"_id": {"$in": [each.id for each in entries]}}]
        same += [
            {
                "conversation_id": talk,
                "sender_id": sender,
                "client_message_id": {"$in": ids, **IS_TEXT},
            }
            for (talk, sender), ids in sent.items()
        ]
        keyed = {each for each in map(_keyed_as, entries) if each is not None}
        same += [{"sender_id": sender, "request.key": key} for sender, key in keyed]
        documents = await self._collection.find({"$or": same}).to_list(None)
        found = [from_document(each, Entry) for each in documents]
        by_id = {each.id: each for each in found}
        by_message = {_sent_as(each): each for each in found if each.client_message_id is not None}
        by_key = {_keyed_as(each): each for each in found if each.request is not None}
        kept = {
            each.id: by_id.get(each.id)
            or by_message.get(_sent_as(each))
            or by_key.get(_keyed_as(each))
            for each in entries
        }
        return {key: each for key, each in kept.items() if each is not None}

    async def message_states(self, message_ids: Ids[str]) -> dict[str, Entry]:
        """The deletion of each message, else its newest edit, else itself, as new as `newest_heads`."""
        newest = self._collection.with_options(read_concern=_NEWEST)
        return await message_states(newest, message_ids)

    async def unread(self, account_id: str, read: Mapping[str, int]) -> dict[str, Unread]:
        """What a person has yet to read in each conversation, after the read position given for it."""
        return await count_unread(self._collection, account_id, read)

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Behind a sequence, oldest first."""
        return await self._page_of(_Page(conversation_id, "$gt", sequence, limit))

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last ones before a sequence (or of all), oldest first."""
        below = _ABOVE_ALL if sequence is None else sequence
        found = await self._page_of(_Page(conversation_id, "$lt", below, limit))
        return found[::-1]

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each; 0 where there is no entry."""
        ids = list(conversation_ids)
        read = self._heads.many if self.session is None else self._read_heads
        heads = await read(ids)
        return {each: heads.get(each, 0) for each in ids}

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each, also of entries that only the primary has so far.

        For who takes the next number.  A head that a majority has is the head before the entries that
        another process is just writing: while that one writes without a pause, it is never the right
        one, and its reader never gets a number.  What is written behind an entry is acknowledged only
        when a majority has both.
        """
        ids = list(conversation_ids)
        newest = self._collection.with_options(read_concern=_NEWEST)
        heads = await _heads_in(newest, ids, None)
        return {each: heads.get(each, 0) for each in ids}

    async def newest_blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones among these conversations, and by whom, as new as `newest_heads`."""
        newest = self._database.client.get_database(
            self._database.name, self._database.codec_options, read_concern=_NEWEST
        )
        return await MongoConversations(newest).blocks(conversation_ids)

    async def _read_heads(self, conversation_ids: list[str]) -> dict[str, int]:
        return await _heads_in(self._collection, conversation_ids, self.session)

    async def _page_of(self, page: "_Page") -> list[Entry]:
        if self.session is not None:
            return (await self._read_pages([page]))[page]
        return await self._pages.one(page) or []

    async def _read_pages(self, pages: list["_Page"]) -> dict["_Page", list[Entry]]:
        """Many pages by one command; each is a walk along the unique index of its own."""
        stages = [[*page.stages(), {"$set": {"page": n}}] for n, page in enumerate(pages)]
        more = [{"$unionWith": {"coll": self.name, "pipeline": each}} for each in stages[1:]]
        found = await self._collection.aggregate([*stages[0], *more], session=self.session).to_list(
            None
        )
        read: dict[_Page, list[Entry]] = {page: [] for page in pages}
        for each in found:
            read[pages[each["page"]]].append(from_document(each, Entry))
        return read


async def _heads_in(
    collection: Any, conversation_ids: list[str], session: Session
) -> dict[str, int]:
    """Sorted by the unique index and grouped by its first field, so that the server reads one key a
    conversation (a DISTINCT_SCAN) and no document."""
    found = await collection.aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}}},
            {"$sort": {"conversation_id": -1, "sequence": -1}},
            {"$group": {"_id": "$conversation_id", "head": {"$first": "$sequence"}}},
        ],
        session=session,
    ).to_list(None)
    return {each["_id"]: int(each["head"]) for each in found}


@repository
class MongoReadPositions(Collection[ReadPosition]):
    """How far each participant has got; the numbers only move forward."""

    name = "read_positions"
    kind = ReadPosition

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._of_conversation = Coalescer(self._read_of_conversations)

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
        return await self._of_conversation.one(conversation_id) or []

    async def _read_of_conversations(
        self, conversation_ids: list[str]
    ) -> dict[str, list[ReadPosition]]:
        read = defaultdict(list)
        wanted = {"conversation_id": {"$in": conversation_ids}}
        for each in await self._collection.find(wanted).to_list(None):
            read[each["conversation_id"]].append(from_document(each, ReadPosition))
        return read

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's, by conversation."""
        keys = [f"{each}:{account_id}" for each in conversation_ids]
        found = await self._collection.find({"_id": {"$in": keys}}).to_list(None)
        return {each["conversation_id"]: from_document(each, ReadPosition) for each in found}

    async def read_by(self, pairs: Ids[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How far each (conversation, account) has read."""
        keys = [f"{conversation_id}:{account_id}" for conversation_id, account_id in pairs]
        found = await self._collection.find(
            {"_id": {"$in": keys}}, {"conversation_id": 1, "account_id": 1, "read_sequence": 1}
        ).to_list(None)
        return {
            (each["conversation_id"], each["account_id"]): each["read_sequence"] for each in found
        }
