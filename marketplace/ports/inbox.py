"""The inboxes of accounts."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from marketplace.domain.inbox import InboxQuery, InboxRow
from marketplace.domain.pages import Page


class Inbox(Protocol):
    """Each participant's list of conversations, from the stored entries as they are now."""

    async def page(self, query: InboxQuery) -> Page[InboxRow]:
        """A page of an account's conversations, by the time of their newest entry, newest first.

        An acknowledged entry is always seen in the account's few hundred conversations that were
        active last. Below these, a conversation is at the place that `advance` gave it. A page may
        have fewer rows than the limit and still be followed by another one: `query.continued` with
        its cursor asks for that.
        """

    async def rows(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], InboxRow]:
        """The row of each (conversation, account) pair, without those of no participant."""

    async def mute(self, conversation_id: str, account_id: str, *, is_muted: bool) -> None:
        """Mute a conversation for one participant, or end that."""

    async def archive(self, conversation_id: str, account_id: str, sequence: int | None) -> None:
        """Archive a conversation for one participant up to a sequence, or end that (None)."""

    async def advance(self, newest: Mapping[str, tuple[int, datetime]]) -> None:
        """Note the sequence and time of conversations' newest entries, for the order of the list.

        A lower sequence than the one noted changes nothing.
        """
