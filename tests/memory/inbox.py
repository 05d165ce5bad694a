"""The inboxes of accounts, worked out from the tables on every call."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from marketplace.domain.conversations import Conversation, Entry
from marketplace.domain.inbox import (
    InboxQuery,
    InboxRow,
    RfiLine,
    is_archived,
    last_entry,
    newest_first,
)
from marketplace.domain.pages import Page
from marketplace.domain.unread import MAX_UNREAD, read_up_to, unread_messages
from tests.memory.tables import InboxSettings, Tables


class Inbox:
    """Each participant's list of conversations."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def page(self, query: InboxQuery) -> Page[InboxRow]:
        """A page of an account's conversations, newest activity first."""
        own = [
            self._row(conversation, query.account_id)
            for conversation in self._tables.conversations.values()
            if conversation.has(query.account_id)
        ]
        rows = [
            row
            for row in newest_first(own)
            if query.admits(row) and query.admits_unread(row) and _has(row, query.text)
        ]
        shown = rows[: query.limit]
        has_more = len(rows) > query.limit
        return Page(tuple(shown), query.position_after(shown[-1].place) if has_more else None)

    async def rows(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], InboxRow]:
        """The row of each (conversation, account) pair, without those of no participant."""
        kept = self._tables.conversations
        return {
            pair: self._row(kept[pair[0]], pair[1])
            for pair in pairs
            if pair[0] in kept and kept[pair[0]].has(pair[1])
        }

    async def mute(self, conversation_id: str, account_id: str, *, is_muted: bool) -> None:
        """Mute, or end that."""
        self._set(conversation_id, account_id, is_muted=is_muted)

    async def archive(self, conversation_id: str, account_id: str, sequence: int | None) -> None:
        """Archive up to a sequence, or end that."""
        self._set(conversation_id, account_id, archived_sequence=sequence)

    async def advance(self, newest: Mapping[str, tuple[int, datetime]]) -> None:
        """Nothing: the order is worked out from the entries."""

    def _set(self, conversation_id: str, account_id: str, **fields: bool | int | None) -> None:
        pair = (conversation_id, account_id)
        before = self._tables.inbox_settings.get(pair, InboxSettings())
        self._tables.inbox_settings[pair] = replace(before, **fields)  # type: ignore[arg-type] # one of its fields

    def _row(self, conversation: Conversation, account_id: str) -> InboxRow:
        pair = (conversation.id, account_id)
        entries = self._entries(conversation.id)
        last = last_entry(entries[-1]) if entries else None
        settings = self._tables.inbox_settings.get(pair, InboxSettings())
        rfi = self._tables.rfis.get(conversation.rfi_id)
        position = self._tables.read_positions.get(pair)
        read = read_up_to(entries, account_id, position.read_sequence if position else 0)
        return InboxRow(
            conversation=conversation,
            account_id=account_id,
            active_at=last.at if last is not None else conversation.created_at,
            read_sequence=read,
            unread=min(len(unread_messages(entries, account_id, read)), MAX_UNREAD),
            last_entry=last,
            is_muted=settings.is_muted,
            is_archived=is_archived(settings.archived_sequence, len(entries)),
            rfi=None if rfi is None else RfiLine(rfi.id, rfi.title, rfi.state),
        )

    def _entries(self, conversation_id: str) -> list[Entry]:
        found = self._tables.entries.values()
        of_conversation = [entry for entry in found if entry.conversation_id == conversation_id]
        return sorted(of_conversation, key=lambda entry: entry.sequence)


def _has(row: InboxRow, text: str | None) -> bool:
    if text is None:
        return True
    shown = (row.other.name, row.rfi.title if row.rfi is not None else "")
    return any(text.casefold() in name.casefold() for name in shown)
