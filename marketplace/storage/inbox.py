"""The inboxes of accounts: one command for a list, whatever its length.

    conversations by `newest.at` ─▶ what each row needs, all in one aggregation ─▶ rows ─▶ the page

The order in the index may be behind the entries. So more conversations are examined than a page
has, and each is given the place of its true newest entry. Only rows that were behind may need a
second command, for their unread messages.
"""

import re
from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pymongo import DESCENDING

from marketplace.domain.conversations import Conversation
from marketplace.domain.inbox import (
    InboxQuery,
    InboxRow,
    LastEntry,
    Place,
    RfiLine,
    is_archived,
    newest_first,
)
from marketplace.domain.pages import Page
from marketplace.domain.rfis import RfiState
from marketplace.domain.unread import Unread
from marketplace.storage.collection import Collection, Database, Session, repository
from marketplace.storage.documents import from_document
from marketplace.storage.newest_entries import NEWEST, last_entry, newest_entries, noted
from marketplace.storage.unread import (
    LOOK_BACK,
    Pair,
    count_unread,
    is_complete,
    summary_stages,
    unread_in,
)

# Conversations whose order is checked for one page: a few milliseconds of the server.
EXAMINED = 300
# The place of a conversation that has none noted: the previous version wrote its document.
_NOWHERE = datetime(1970, 1, 1, tzinfo=UTC)
_RFI_LINE = {"title": 1, "state": 1}


@dataclass(slots=True)
class _Examined:
    """What was read of some conversations, by conversation; `counts` has complete counts only."""

    account_id: str
    documents: list[dict[str, Any]]
    newest: dict[str, LastEntry]
    positions: dict[str, dict[str, Any]]
    rfis: dict[str, dict[str, Any]]
    counts: dict[str, Unread]

    def rows(self, floor: Place | None = None) -> list[InboxRow]:
        """The rows, in the order in which they were read; `unread` is not set yet."""
        return [self._row(document, floor) for document in self.documents]

    @property
    def lowest(self) -> Place:
        """The noted place of the last conversation."""
        return _noted_place(self.documents[-1])

    def _row(self, document: dict[str, Any], floor: Place | None) -> InboxRow:
        id_, rfi = document["_id"], self.rfis.get(document["rfi_id"])
        position, last = self.positions.get(id_, {}), self.newest.get(id_)
        place = _noted_place(document)
        active_at = place.at
        if floor is None or place >= floor:
            active_at = max(active_at, last.at if last is not None else document["created_at"])
        return InboxRow(
            conversation=from_document(document, Conversation),
            account_id=self.account_id,
            active_at=active_at,
            read_sequence=position.get("read_sequence", 0),
            unread=0,
            last_entry=last,
            is_muted=position.get("is_muted", False),
            is_archived=is_archived(
                position.get("archived_sequence"), last.sequence if last is not None else 0
            ),
            rfi=None if rfi is None else RfiLine(rfi["_id"], rfi["title"], RfiState(rfi["state"])),
        )


@repository
class MongoInbox(Collection[Conversation]):
    """Each participant's list of conversations."""

    name = "conversations"
    kind = Conversation

    def __init__(self, database: Database, session: Session = None) -> None:
        super().__init__(database, session)
        self._entries = database["entries"]
        self._read_positions = database["read_positions"]

    async def page(self, query: InboxQuery) -> Page[InboxRow]:
        """A page of an account's conversations, by the time of their newest entry, newest first."""
        most = max(EXAMINED, query.limit + 1)
        examined = await self._examine(query, most)
        has_more = len(examined.documents) == most
        if query.before is None and has_more:
            query = replace(query, floor=examined.lowest)
        rows = [row for row in newest_first(examined.rows(query.floor)) if query.admits(row)]
        if query.is_unread is None:
            shown = await self._counted(rows[: query.limit], examined.counts)
        else:
            rows = [
                row
                for row in await self._counted(rows, examined.counts)
                if query.admits_unread(row)
            ]
            shown = rows[: query.limit]
        if len(rows) > query.limit:
            return Page(tuple(shown), query.position_after(shown[-1].place))
        return Page(tuple(shown), query.position_after(examined.lowest) if has_more else None)

    async def rows(self, pairs: Ids[Pair]) -> dict[Pair, InboxRow]:
        """The row of each (conversation, account) pair, without those of no participant."""
        ids = list({conversation_id for conversation_id, _ in pairs})
        conversations = await self._collection.find({"_id": {"$in": ids}}).to_list(None)
        documents = {document["_id"]: document for document in conversations}
        rfi_ids = list({document["rfi_id"] for document in conversations})
        found = (
            await self._database["rfis"].find({"_id": {"$in": rfi_ids}}, _RFI_LINE).to_list(None)
        )
        rfis = {rfi["_id"]: rfi for rfi in found}
        keys = [f"{conversation_id}:{account_id}" for conversation_id, account_id in pairs]
        found = await self._read_positions.find({"_id": {"$in": keys}}).to_list(None)
        positions = {
            (position["conversation_id"], position["account_id"]): position for position in found
        }
        newest = await newest_entries(self._entries, ids)
        rows = {}
        for pair in pairs:
            document = documents.get(pair[0])
            if document is None or not _takes_part(document, pair[1]):
                continue
            own = {pair[0]: positions[pair]} if pair in positions else {}
            (rows[pair],) = _Examined(pair[1], [document], newest, own, rfis, {}).rows()
        counted = await self._counted(list(rows.values()), {})
        return dict(zip(rows, counted, strict=True))

    async def mute(self, conversation_id: str, account_id: str, *, is_muted: bool) -> None:
        """Mute a conversation for one participant, or end that."""
        await self._set(conversation_id, account_id, "is_muted", is_muted or None)

    async def archive(self, conversation_id: str, account_id: str, sequence: int | None) -> None:
        """Archive a conversation for one participant up to a sequence, or end that (None)."""
        await self._set(conversation_id, account_id, "archived_sequence", sequence)

    async def advance(self, newest: Mapping[str, tuple[int, datetime]]) -> None:
        """Note the sequence and time of conversations' newest entries, for the order of the list."""
        if newest:
            updates = [noted(id_, sequence, at) for id_, (sequence, at) in newest.items()]
            await self._collection.bulk_write(updates, ordered=False)

    async def _set(self, conversation_id: str, account_id: str, field: str, value: Any) -> None:
        """Set or remove one field of what a participant has done with a conversation."""
        change = {"$set": {field: value}} if value is not None else {"$unset": {field: True}}
        unread = {"delivered_sequence": 0, "read_sequence": 0}
        about = {"conversation_id": conversation_id, "account_id": account_id}
        await self._read_positions.update_one(
            {"_id": f"{conversation_id}:{account_id}"},
            {**change, "$setOnInsert": {**about, **unread}},
            upsert=True,
            session=self.session,
        )

    async def _counted(
        self, rows: Sequence[InboxRow], counts: Mapping[str, Unread]
    ) -> list[InboxRow]:
        """The rows with their unread messages; what is not in `counts` is counted together."""
        known = {
            (row.conversation.id, row.account_id): counts.get(row.conversation.id) for row in rows
        }
        missing = {
            (row.conversation.id, row.account_id): row.read_sequence
            for row in rows
            if row.conversation.id not in counts and row.read_sequence < row.head
        }
        if missing:
            known |= await count_unread(self._entries, missing)
        return [
            replace(row, read_sequence=unread.read_sequence, unread=unread.count)
            if (unread := known[row.conversation.id, row.account_id]) is not None
            else row
            for row in rows
        ]

    async def _examine(self, query: InboxQuery, most: int) -> _Examined:
        """Everything that the rows need, in one command."""
        stages = [
            {"$match": _before(query)},
            {"$sort": {"newest.at": DESCENDING, "_id": DESCENDING}},
            *_searched(query),
            {"$limit": most},
            *_joined(query.account_id),
            {"$facet": _facets(query)},
        ]
        (found,) = await self._collection.aggregate(stages).to_list(1)
        newest = {document["_id"]: last_entry(document) for document in found["newest"]}
        counts = {
            document["_id"]: unread_in(summary, document["read"])
            for document in found["unread"]
            for summary in document["summaries"][:1] or [None]
            if document["sequence"] == newest[document["_id"]].sequence
            and is_complete(summary, LOOK_BACK[0])
        }
        documents = found["rows"]
        return _Examined(
            query.account_id,
            documents,
            newest,
            {
                document["_id"]: document["position"][0]
                for document in documents
                if document["position"]
            },
            {document["rfi_id"]: document["rfi"][0] for document in documents if document["rfi"]},
            counts,
        )


def _noted_place(document: Mapping[str, Any]) -> Place:
    return Place(document.get("newest", {}).get("at", _NOWHERE), document["_id"])


def _before(query: InboxQuery) -> dict[str, Any]:
    """The account's conversations whose noted place is before the query's."""
    condition: dict[str, Any] = {"participants.account_id": query.account_id}
    if query.before is None:
        return condition
    at, id_ = query.before.at, query.before.conversation_id
    if at == _NOWHERE:
        return {**condition, "newest.at": None, "_id": {"$lt": id_}}
    # Without `$lt`, so that conversations without a noted place are included.
    same = {"newest.at": at, "_id": {"$gte": id_}}
    return {**condition, "newest.at": {"$not": {"$gt": at}}, "$nor": [same]}


def _searched(query: InboxQuery) -> list[dict[str, Any]]:
    """Keeps the conversations whose other side or RFI has the text."""
    if query.text is None:
        return []
    pattern = {"$regex": re.escape(query.text), "$options": "i"}
    other = {"account_id": {"$ne": query.account_id}, "name": pattern}
    return [
        _RFI,
        {"$match": {"$or": [{"participants": {"$elemMatch": other}}, {"rfi.title": pattern}]}},
    ]


_RFI = {
    "$lookup": {
        "from": "rfis",
        "localField": "rfi_id",
        "foreignField": "_id",
        "pipeline": [{"$project": _RFI_LINE}],
        "as": "rfi",
    }
}


def _joined(account_id: str) -> list[dict[str, Any]]:
    position = {
        "from": "read_positions",
        "localField": "_id",
        "foreignField": "conversation_id",
        "pipeline": [{"$match": {"account_id": account_id}}],
        "as": "position",
    }
    return [_RFI, {"$lookup": position}]


def _facets(query: InboxQuery) -> dict[str, Any]:
    """The rows; the newest entry of each; and the unread messages, as far as the rows know."""
    return {
        "rows": [],
        "newest": [
            {"$group": {"_id": None, "ids": {"$push": "$_id"}}},
            {
                "$lookup": {
                    "from": "entries",
                    "localField": "ids",
                    "foreignField": "conversation_id",
                    "pipeline": list(NEWEST),
                    "as": "newest",
                }
            },
            {"$unwind": "$newest"},
            {"$replaceRoot": {"newRoot": "$newest"}},
        ],
        "unread": _unread(query),
    }


def _unread(query: InboxQuery) -> list[dict[str, Any]]:
    read = {"$ifNull": [{"$first": "$position.read_sequence"}, 0]}
    after = [{"$eq": ["$conversation_id", "$$id"]}, {"$gt": ["$sequence", "$$read"]}]
    return [
        *([{"$limit": query.limit}] if query.is_unread is None else []),
        {"$project": {"read": read, "sequence": "$newest.sequence"}},
        {"$match": {"$expr": {"$gt": ["$sequence", "$read"]}}},
        {
            "$lookup": {
                "from": "entries",
                "let": {"id": "$_id", "read": "$read"},
                "pipeline": [
                    {"$match": {"$expr": {"$and": after}}},
                    *summary_stages(query.account_id, LOOK_BACK[0]),
                ],
                "as": "summaries",
            }
        },
    ]


def _takes_part(document: Mapping[str, Any], account_id: str) -> bool:
    return any(participant["account_id"] == account_id for participant in document["participants"])
