"""Conversations, their entries, and how far each participant has read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.pages import Page, PageRequest


class Conversations(Protocol):
    """Conversations without their entries."""

    async def add(self, conversation: Conversation) -> None:
        """Insert."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id."""

    async def save(self, conversation: Conversation) -> None:
        """Replace."""

    async def participants(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The participants' accounts of each of these conversations that exists."""

    async def blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones of these conversations, and who blocks each of them, in one query."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """An account's conversations, newest first."""


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as stored; `is_new` is False if the same content was already stored."""

    entry: Entry
    is_new: bool


class Entries(Protocol):
    """Entries with three unique keys.

    (conversation, sequence), (conversation, sender, client_message_id) and (sender,
    Idempotency-Key).
    """

    async def add_next(self, entry: Entry, *, follows_seen: bool = False) -> Entry:
        """Insert with the next sequence, within a transaction; returns the numbered entry.

        With `follows_seen`, the transaction begins again if an entry was added that it did not see.
        """

    async def add_deletion(self, deletion: Entry) -> Appended:
        """Insert a message's deletion with the next sequence, within a transaction.

        A message has one deletion, even under concurrency: a later one returns the first. The
        entry's own `id` is ignored.
        """

    async def get(self, entry_id: str) -> Entry | None:
        """The entry with this id."""

    async def sent_under(self, sender_id: str, key: str) -> Entry | None:
        """The message that a person sent under an Idempotency-Key, in any conversation."""

    async def sent_as(
        self, conversation_id: str, sender_id: str, client_message_id: str
    ) -> Entry | None:
        """The message that a person sent under a client_message_id."""

    async def is_deleted(self, message_id: str) -> bool:
        """Whether the message was deleted."""

    async def edits(self, message_id: str) -> list[Entry]:
        """The edits of a message, oldest first; if there are very many, the last ones."""

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Entries after a sequence, oldest first."""

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last entries before a sequence (or of all), oldest first."""

    async def notices_before(
        self, conversation_ids: Collection[str], at: datetime, key: str, limit: int
    ) -> list[Entry]:
        """Notices in these conversations before a position in the order of (time, id), newest first."""

    async def has_message_of(self, conversation_id: str, sender_id: str) -> bool:
        """Whether the sender has written a message in the conversation."""

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each conversation; 0 if it has no entry."""

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """Like `heads`, but including entries not yet acknowledged; not for use in transactions."""


class ReadPositions(Protocol):
    """How far each participant has read; the numbers only move forward."""

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; None if nothing changed."""

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """The positions of all participants that have one."""

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's positions, by conversation."""

    async def read_by(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How far each (conversation, account) pair has read, in one query.

        Pairs without a position are omitted.
        """


class EntryLog(Protocol):
    """Appends entries to conversations at a high rate."""

    async def append(self, entry: Entry) -> Appended:
        """Give the entry the next sequence of its conversation and make it durable.

        When this returns, the entry is written with majority and journal. Sequences are dense, in
        the order of the calls for one conversation. If a message with the same (conversation,
        sender, client_message_id) or (sender, Idempotency-Key) exists, the stored message is
        returned. The entry's own `sequence` is ignored.

        Nothing is appended to a blocked conversation, without exception: no entry appended here
        lies between the notice that closes a conversation and the one that reopens it.

        Just as strictly, no edit gets a sequence after the deletion of its message. An edit that
        does not change the current text is not stored; the entry that set the text is returned.

        Raises:
            ParleyError: `blocked`; `wrong_state` for an edit of a deleted message; `unavailable` if
                the store stays down, or too many entries are waiting.
        """
