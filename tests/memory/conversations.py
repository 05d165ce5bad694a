"""Conversations, their entries, and their participants' read positions."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.domain.conversations import (
    Conversation,
    Entry,
    EntryKind,
    ReadPosition,
    deletion_id,
)
from marketplace.domain.pages import Page, PageRequest
from marketplace.ports import Appended
from tests.memory.tables import DuplicateError, Tables, insert, page


class Conversations:
    """Conversations without their entries."""

    def __init__(self, tables: Tables) -> None:
        self._conversations = tables.conversations

    async def add(self, conversation: Conversation) -> None:
        """Insert."""
        insert(self._conversations, conversation.id, conversation)

    async def get(self, conversation_id: str) -> Conversation | None:
        """By id."""
        return self._conversations.get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        """Replace."""
        if conversation.id in self._conversations:
            self._conversations[conversation.id] = conversation

    async def participants(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The participants' accounts of each of these conversations that exists."""
        return {
            conversation_id: tuple(
                participant.account_id
                for participant in self._conversations[conversation_id].participants
            )
            for conversation_id in conversation_ids
            if conversation_id in self._conversations
        }

    async def blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Which of these conversations are blocked, and by whom."""
        kept = (self._conversations.get(conversation_id) for conversation_id in conversation_ids)
        return {
            conversation.id: conversation.blocked_by
            for conversation in kept
            if conversation and conversation.blocked_by
        }

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """Newest first."""
        found = {k: v for k, v in self._conversations.items() if v.has(account_id)}
        return page(found, request)


class Entries:
    """Entries, unique by (conversation, sequence), (conversation, sender, client_message_id), and
    (sender, Idempotency-Key)."""

    def __init__(self, tables: Tables) -> None:
        self._entries = tables.entries

    async def add_next(self, entry: Entry, *, follows_seen: bool = False) -> Entry:
        """Insert with the next sequence; transactions here see everything."""
        if self.stored(entry) is not None:
            raise DuplicateError(entry.client_message_id or entry.id)
        numbered = replace(entry, sequence=self._head(entry.conversation_id) + 1)
        self._entries[entry.conversation_id, numbered.sequence] = numbered
        return numbered

    async def add_deletion(self, deletion: Entry) -> Appended:
        """Insert a message's deletion, or return the one that is stored."""
        stands = self.stands(deletion.message_id or "")
        if stands is not None and stands.kind is EntryKind.DELETION:
            return Appended(stands, is_new=False)
        named = replace(deletion, id=deletion_id(deletion.message_id or ""))
        return Appended(await self.add_next(named), is_new=True)

    def stands(self, message_id: str) -> Entry | None:
        """The entry that decides a message's state: its first deletion, newest edit, or itself."""
        entries = sorted(self._entries.values(), key=lambda entry: entry.sequence)
        about = [entry for entry in entries if message_id in (entry.id, entry.message_id)]
        deletions = [entry for entry in about if entry.kind is EntryKind.DELETION]
        return next(iter(deletions or about[::-1]), None)

    def stored(self, entry: Entry) -> Entry | None:
        """The entry stored under the same id, client message id of the sender, or key."""
        of_conversation = self._of(entry.conversation_id)
        same = next((kept for kept in of_conversation if _is_same(kept, entry)), None)
        if same is None and entry.request is not None:
            return self._under(entry.sender_id, entry.request.key)
        return same

    async def sent_under(self, sender_id: str, key: str) -> Entry | None:
        """The message that a person sent with an Idempotency-Key."""
        return self._under(sender_id, key)

    def _under(self, sender_id: str | None, key: str) -> Entry | None:
        return next(
            (
                entry
                for entry in self._entries.values()
                if entry.sender_id == sender_id and entry.request and entry.request.key == key
            ),
            None,
        )

    async def get(self, entry_id: str) -> Entry | None:
        """By id."""
        return next((entry for entry in self._entries.values() if entry.id == entry_id), None)

    async def sent_as(
        self, conversation_id: str, sender_id: str, client_message_id: str
    ) -> Entry | None:
        """The message that a person sent under a client_message_id."""
        found = (entry for entry in self._entries.values() if entry.sender_id == sender_id)
        return next(
            (
                entry
                for entry in found
                if entry.conversation_id == conversation_id
                and entry.client_message_id == client_message_id
            ),
            None,
        )

    async def is_deleted(self, message_id: str) -> bool:
        """Whether the message was deleted."""
        stands = self.stands(message_id)
        return stands is not None and stands.kind is EntryKind.DELETION

    async def edits(self, message_id: str) -> list[Entry]:
        """The edits of a message, oldest first."""
        found = [entry for entry in self._entries.values() if entry.message_id == message_id]
        edits = [entry for entry in found if entry.kind is EntryKind.EDIT]
        return sorted(edits, key=lambda entry: entry.sequence)

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Entries after a sequence, oldest first."""
        return [entry for entry in self._of(conversation_id) if entry.sequence > sequence][:limit]

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last entries before a sequence (or of all), oldest first."""
        found = self._of(conversation_id)
        return [entry for entry in found if sequence is None or entry.sequence < sequence][-limit:]

    async def notices_before(
        self, conversation_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[Entry]:
        """Before a position in the order of (time, id), newest first."""
        found = [
            entry
            for entry in self._entries.values()
            if entry.kind is EntryKind.NOTICE
            and entry.conversation_id in conversation_ids
            and (entry.at, entry.id) < (at, key)
        ]
        return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]

    async def has_message_of(self, conversation_id: str, sender_id: str) -> bool:
        """Whether the sender has written a message."""
        return any(
            entry.sender_id == sender_id and entry.kind is EntryKind.MESSAGE
            for entry in self._of(conversation_id)
        )

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each conversation; 0 where there is no entry."""
        return {
            conversation_id: self._head(conversation_id) for conversation_id in conversation_ids
        }

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The same as `heads`."""
        return await self.heads(conversation_ids)

    def _of(self, conversation_id: str) -> list[Entry]:
        numbers = range(1, self._head(conversation_id) + 1)
        return [self._entries[conversation_id, sequence] for sequence in numbers]

    def _head(self, conversation_id: str) -> int:
        return max((number for of, number in self._entries if of == conversation_id), default=0)


def _is_same(kept: Entry, entry: Entry) -> bool:
    is_same_message = (
        entry.client_message_id is not None
        and kept.client_message_id == entry.client_message_id
        and kept.sender_id == entry.sender_id
    )
    return is_same_message or kept.id == entry.id


class ReadPositions:
    """The participants' read positions; their numbers only move forward."""

    def __init__(self, tables: Tables) -> None:
        self._positions = tables.read_positions

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; a read entry counts as delivered."""
        key = (conversation_id, account_id)
        kept = self._positions.get(key) or ReadPosition(conversation_id, account_id, 0, 0)
        moved = replace(
            kept,
            delivered_sequence=max(kept.delivered_sequence, delivered, read),
            read_sequence=max(kept.read_sequence, read),
        )
        if moved == kept:
            return None
        self._positions[key] = moved
        return moved

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """The positions of all participants that have one."""
        positions = self._positions.values()
        return [position for position in positions if position.conversation_id == conversation_id]

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's positions, by conversation."""
        wanted = [(conversation_id, account_id) for conversation_id in conversation_ids]
        return {key[0]: self._positions[key] for key in wanted if key in self._positions}

    async def read_by(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The read sequence of each (conversation, account)."""
        return {
            pair: self._positions[pair].read_sequence for pair in pairs if pair in self._positions
        }
