"""Conversations, their entries, and how far each participant has got."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from marketplace.domain.conversations import Conversation, Entry, ReadPosition
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.unread import Unread


class Conversations(Protocol):
    """Conversations without their entries."""

    async def add(self, conversation: Conversation) -> None:
        """Insert."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """By id."""

    async def save(self, conversation: Conversation) -> None:
        """Replace."""

    async def blocks(self, conversation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The blocked ones among these conversations, and by whom, by one query."""

    async def of_account(self, account_id: str, request: PageRequest) -> Page[Conversation]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry as stored; `is_new` is False when what it says was stored before."""

    entry: Entry
    is_new: bool


class Entries(Protocol):
    """Entries, unique by (conversation, sequence), (conversation, sender, client_message_id), and
    (sender, Idempotency-Key)."""

    async def add_next(self, entry: Entry) -> Entry:
        """Insert under the next sequence, within a transaction; returns it as numbered."""

    async def add_deletion(self, deletion: Entry) -> Appended:
        """Insert a message's deletion under the next sequence, within a transaction.

        A message has one deletion, whoever races: a later one is answered with the first.  The entry's
        own `id` is ignored.
        """

    async def get(self, entry_id: str) -> Entry | None:
        """By id."""

    async def sent_under(self, sender_id: str, key: str) -> Entry | None:
        """The message that a person sent under an Idempotency-Key, in whichever conversation."""

    async def edits(self, message_id: str) -> list[Entry]:
        """The edits of a message, oldest first; of very many the last ones."""

    async def after(self, conversation_id: str, sequence: int, limit: int) -> list[Entry]:
        """Behind a sequence, oldest first."""

    async def before(self, conversation_id: str, sequence: int | None, limit: int) -> list[Entry]:
        """The last ones before a sequence (or of all), oldest first."""

    async def heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """The highest sequence of each; 0 where there is no entry."""

    async def unread(self, account_id: str, read: Mapping[str, int]) -> dict[str, Unread]:
        """What a person has yet to read in each conversation, after the read position given for it.

        Counted anew each time, by a bounded number of queries: among the newest 5,000 entries.
        """

    async def newest_heads(self, conversation_ids: Sequence[str]) -> dict[str, int]:
        """As `heads`, also of entries that are stored and not acknowledged yet; not in a transaction."""


class ReadPositions(Protocol):
    """How far each participant has got; the numbers only move forward."""

    async def advance(
        self, conversation_id: str, account_id: str, *, delivered: int, read: int
    ) -> ReadPosition | None:
        """Raise the numbers to at least these; None when nothing moved."""

    async def of_conversation(self, conversation_id: str) -> list[ReadPosition]:
        """Of all participants that have one."""

    async def of_account(
        self, account_id: str, conversation_ids: Sequence[str]
    ) -> dict[str, ReadPosition]:
        """One person's, by conversation."""

    async def read_by(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How far each (conversation, account) has read, by one query; who has no position is left out."""


class EntryLog(Protocol):
    """Appends entries to conversations at a high rate."""

    async def append(self, entry: Entry) -> Appended:
        """Give the entry the next sequence of its conversation and make it durable.

        When this returns, the entry is written with majority and journal.  Sequences are dense, in
        the order of the calls for one conversation.  A message whose (conversation, sender,
        client_message_id) or (sender, Idempotency-Key) is there already is answered with the stored
        one.  The entry's own `sequence` is ignored.

        Nothing is appended to a blocked conversation, exactly: between the notice that closes it and
        the one that opens it again there is no entry that came this way.

        As exactly, no edit gets a number behind the deletion of its message.  An edit to the words
        that stand is not stored; it is answered with the entry that made them.

        Raises:
            ParleyError: `blocked`; `wrong_state` for an edit of a deleted message; `unavailable` when the store stayed away, or too many are waiting.
        """
