"""Appends entries through the in-memory store."""

import asyncio
from typing import cast

from marketplace.domain.conversations import Entry, EntryKind, blocked, entry_with_same_body
from marketplace.ports import Appended, Repositories
from tests.memory.conversations import Entries
from tests.memory.store import Store


class EntryLog:
    """Appends one at a time, in the order of the calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def append(self, entry: Entry) -> Appended:
        """Append with the next sequence, or return the entry that is stored."""

        async def work(repositories: Repositories) -> Appended:
            stored = cast("Entries", repositories.entries).stored(entry)
            if stored is not None:
                return Appended(stored, is_new=False)
            conversation = await repositories.conversations.get(entry.conversation_id)
            if conversation is not None and not conversation.is_open:
                raise blocked(conversation.blocked_by, entry.sender_id)
            earlier = _stored_entry(cast("Entries", repositories.entries), entry)
            if earlier is not None:
                return Appended(earlier, is_new=False)
            return Appended(await repositories.entries.add_next(entry), is_new=True)

        async with self._lock:
            await asyncio.sleep(0)  # a real log takes time, and callers may be cancelled meanwhile
            return await self._store.transact(work)


def _stored_entry(entries: Entries, entry: Entry) -> Entry | None:
    if entry.kind is not EntryKind.EDIT or entry.message_id is None:
        return None
    return entry_with_same_body(entries.stands(entry.message_id), entry)
