"""Conversations' entries: numbered, unique, and read in pages."""

import asyncio
from collections import defaultdict
from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import ASCENDING, DESCENDING
from pymongo.read_concern import ReadConcern

from marketplace.coalescing import Coalescer
from marketplace.domain.conversations import Entry, EntryKind, deletion_id
from marketplace.ports import Appended
from marketplace.storage.collection import Collection, Database, Session, before, repository
from marketplace.storage.conversations import MongoConversations
from marketplace.storage.documents import from_document, to_document
from marketplace.storage.message_states import IS_TEXT, message_states

_PAGES_PER_QUERY = 16
# Decoding takes some 7 µs for each: 16 full pages would hold the event loop for more than 20 ms.
_DOCUMENTS_PER_TURN = 200
_MAX_EDITS = 100
# Above every sequence, and still a 64-bit integer.
_ABOVE_ALL_SEQUENCES = 2**62
_LOCAL_READ_CONCERN = ReadConcern("local")


def _message_identity(entry: Entry) -> tuple[str, str | None, str | None]:
    """What identifies a message permanently."""
    return entry.conversation_id, entry.sender_id, entry.client_message_id


def _key_identity(entry: Entry) -> tuple[str | None, str] | None:
    """What also identifies a message that was sent with an Idempotency-Key."""
    return None if entry.request is None else (entry.sender_id, entry.request.key)


class _Page(NamedTuple):
    """Entries of a conversation on one side of a sequence, those next to it first."""

    conversation_id: str
    side: str
    sequence: int
    limit: int

    def stages(self) -> list[dict[str, Any]]:
        """The page as an aggregation pipeline."""
        order = ASCENDING if self.side == "$gt" else DESCENDING
        condition = {
            "conversation_id": self.conversation_id,
            "sequence": {self.side: self.sequence},
        }
        return [{"$match": condition}, {"$sort": {"sequence": order}}, {"$limit": self.limit}]


@repository
class MongoEntries(Collection[Entry]):
    """Entries with three unique keys.

    (conversation, sequence), (conversation, sender, client_message_id) and (sender,
    Idempotency-Key).
    """

    name = "entries"
    kind = Entry

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._heads = Coalescer(self._read_heads)
        self._pages = Coalescer(self._read_pages, max_keys=_PAGES_PER_QUERY)

    async def add_next(self, entry: Entry, *, follows_seen: bool = False) -> Entry:
        """Insert with the next sequence, within a transaction.

        If another writer is faster, this is a write conflict and `transact` retries. The
        transaction does not see entries that were added after it began, so the sequence is read
        outside it, unless the entry `follows_seen` ones only: otherwise a sender that never pauses
        could keep it from ever getting the next number. Once inserted, the entry keeps other
        writers out.
        """
        ids = [entry.conversation_id]
        head = (await self.heads(ids))[entry.conversation_id]
        if not follows_seen:
            head = max(head, (await self.newest_heads(ids))[entry.conversation_id])
        numbered = replace(entry, sequence=head + 1)
        await self._collection.insert_one(to_document(numbered), session=self.session)
        return numbered

    async def add_deletion(self, deletion: Entry) -> Appended:
        """Insert a message's deletion with the next sequence, if it is the first.

        It runs within a transaction. The deletion's id is derived from the message's id, so that of
        two concurrent deletions one meets the other's: a write conflict, and `transact` retries.
        The previous version gave deletions ids that did not depend on the message.
        """
        message_id = deletion.message_id or ""
        first = await self._many(
            {"message_id": message_id, "kind": EntryKind.DELETION},
            sort=[("sequence", ASCENDING)],
            limit=1,
        )
        if first:
            return Appended(first[0], is_new=False)
        identified = replace(deletion, id=deletion_id(message_id))
        return Appended(await self.add_next(identified), is_new=True)

    async def insert_in_order(self, entries: Sequence[Entry]) -> None:
        """Insert the numbered entries, and stop at the first failure.

        The insert is ordered, so no entry of a conversation is ever inserted after one that failed:
        sequences stay dense whatever happens. Raises the driver's BulkWriteError, whose `index`
        says where it stopped.
        """
        await self._collection.insert_many([to_document(entry) for entry in entries], ordered=True)

    async def get(self, entry_id: str) -> Entry | None:
        """The entry with this id."""
        return await self._get(entry_id)

    async def sent_under(self, sender_id: str, key: str) -> Entry | None:
        """The message that a person sent under an Idempotency-Key, in any conversation."""
        return await self._one(**{"sender_id": sender_id, "request.key": key})

    async def sent_as(
        self, conversation_id: str, sender_id: str, client_message_id: str
    ) -> Entry | None:
        """The message that a person sent under a client_message_id."""
        return await self._one(
            conversation_id=conversation_id,
            sender_id=sender_id,
            client_message_id={"$eq": client_message_id, **IS_TEXT},
        )

    async def is_deleted(self, message_id: str) -> bool:
        """Whether the message was deleted."""
        deletion = {"message_id": message_id, "kind": EntryKind.DELETION}
        return (
            await self._collection.find_one(deletion, {"_id": 1}, session=self.session) is not None
        )

    async def edits(self, message_id: str) -> list[Entry]:
        """The edits of a message, oldest first; if there are very many, the last ones."""
        newest_first = await self._many(
            {"message_id": {"$eq": message_id, **IS_TEXT}, "kind": EntryKind.EDIT},
            sort=[("sequence", DESCENDING)],
            limit=_MAX_EDITS,
        )
        return newest_first[::-1]

    async def get_stored(self, entries: Sequence[Entry]) -> dict[str, Entry]:
        """The stored counterparts of these entries, by the entries' ids; missing ones are omitted.

        An entry's counterpart is itself, or the message first sent under the same ids or key.
        """
        sent: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        for entry in entries:
            if entry.client_message_id is not None:
                sent[entry.conversation_id, entry.sender_id].append(entry.client_message_id)
        conditions: list[dict[str, Any]] = [{"_id": {"$in": [entry.id for entry in entries]}}]
        conditions += [
            {
                "conversation_id": conversation_id,
                "sender_id": sender_id,
                "client_message_id": {"$in": ids, **IS_TEXT},
            }
            for (conversation_id, sender_id), ids in sent.items()
        ]
        keyed = {identity for identity in map(_key_identity, entries) if identity is not None}
        conditions += [{"sender_id": sender_id, "request.key": key} for sender_id, key in keyed]
        documents = await self._collection.find({"$or": conditions}).to_list(None)
        stored = [from_document(document, Entry) for document in documents]
        by_id = {entry.id: entry for entry in stored}
        by_message = {
            _message_identity(entry): entry
            for entry in stored
            if entry.client_message_id is not None
        }
        by_key = {_key_identity(entry): entry for entry in stored if entry.request is not None}
        counterparts = {
            entry.id: by_id.get(entry.id)
            or by_message.get(_message_identity(entry))
            or by_key.get(_key_identity(entry))
            for entry in entries
        }
        return {key: entry for key, entry in counterparts.items() if entry is not None}

    async def message_states(self, message_ids: Ids[str]) -> dict[str, Entry]:
        """The deletion of each message, else its newest edit, else the message itself.

        The result is as recent as `newest_heads`.
        """
        newest = self._collection.with_options(read_concern=_LOCAL_READ_CONCERN)
        return await message_states(newest, message_ids)

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Entries after a sequence, oldest first."""
        return await self._page_of(_Page(conversation_id, "$gt", sequence, limit))

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last entries before a sequence (or of all), oldest first."""
        below = _ABOVE_ALL_SEQUENCES if sequence is None else sequence
        newest_first = await self._page_of(_Page(conversation_id, "$lt", below, limit))
        return newest_first[::-1]

    async def notices_before(
        self, conversation_ids: Ids[str], at: datetime, key: str, limit: int
    ) -> list[Entry]:
        """Notices in these conversations before a position, newest first, along their own index."""
        condition = {"conversation_id": {"$in": list(conversation_ids)}, "kind": EntryKind.NOTICE}
        cursor = self._collection.find(
            {**condition, **before(at, key)},
            session=self.session,
            sort=[("at", DESCENDING), ("_id", DESCENDING)],
            limit=limit,
            hint="notices",  # the server may try the index of all entries
        )
        return [from_document(document, Entry) for document in await cursor.to_list(limit)]

    async def has_message_of(self, conversation_id: str, sender_id: str) -> bool:
        """Whether the sender has written a message; one key of the index of messages."""
        condition = {"conversation_id": conversation_id, "sender_id": sender_id}
        found = await self._collection.find_one(
            {**condition, "client_message_id": IS_TEXT}, {"_id": 1}, session=self.session
        )
        return found is not None

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each conversation; 0 if it has no entry."""
        ids = list(conversation_ids)
        read = self._heads.many if self.session is None else self._read_heads
        heads = await read(ids)
        return {id_: heads.get(id_, 0) for id_ in ids}

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each conversation, including entries that only the primary has.

        It is for writers that take the next number. A majority-committed head does not include the
        entries that another process is just writing: while that process writes without a pause,
        such a head is never up to date, and the reader would never get a number. An entry written
        after another is acknowledged only once a majority has both.
        """
        ids = list(conversation_ids)
        newest = self._collection.with_options(read_concern=_LOCAL_READ_CONCERN)
        heads = await _heads_in(newest, ids, None)
        return {id_: heads.get(id_, 0) for id_ in ids}

    async def newest_blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones of these conversations, and who blocks each of them.

        The result is as recent as `newest_heads`.
        """
        newest = self._database.client.get_database(
            self._database.name, self._database.codec_options, read_concern=_LOCAL_READ_CONCERN
        )
        return await MongoConversations(newest).blocks(conversation_ids)

    async def _read_heads(self, conversation_ids: list[str]) -> dict[str, int]:
        return await _heads_in(self._collection, conversation_ids, self.session)

    async def _page_of(self, page: _Page) -> list[Entry]:
        if self.session is not None:
            return (await self._read_pages([page]))[page]
        return await self._pages.one(page) or []

    async def _read_pages(self, pages: list[_Page]) -> dict[_Page, list[Entry]]:
        """Many pages in one command; each is a separate walk along the unique index."""
        stages = [[*page.stages(), {"$set": {"page": index}}] for index, page in enumerate(pages)]
        unions = [{"$unionWith": {"coll": self.name, "pipeline": page}} for page in stages[1:]]
        documents = await self._collection.aggregate(
            [*stages[0], *unions], session=self.session
        ).to_list(None)
        read: dict[_Page, list[Entry]] = {page: [] for page in pages}
        for number, document in enumerate(documents, start=1):
            read[pages[document["page"]]].append(from_document(document, Entry))
            if number % _DOCUMENTS_PER_TURN == 0:
                await asyncio.sleep(0)
        return read


async def _heads_in(
    collection: Any, conversation_ids: list[str], session: Session
) -> dict[str, int]:
    """Each conversation's highest sequence.

    Sorted by the unique index and grouped by its first field, so that the server reads one key per
    conversation (a DISTINCT_SCAN) and no document.
    """
    groups = await collection.aggregate(
        [
            {"$match": {"conversation_id": {"$in": conversation_ids}}},
            {"$sort": {"conversation_id": -1, "sequence": -1}},
            {"$group": {"_id": "$conversation_id", "head": {"$first": "$sequence"}}},
        ],
        session=session,
    ).to_list(None)
    return {group["_id"]: int(group["head"]) for group in groups}
