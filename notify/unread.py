"""The messages that an email tells of, as they stand when it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.domain.conversations import Entry
from marketplace.domain.unread import read_up_to, unread_messages
from marketplace.ports import Store

# More entries than an email could show; a later edit or deletion among them still counts.
MAX_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """Whether the person has read up to the last message, and what is left to tell."""

    is_read: bool
    bodies: tuple[str, ...]


async def unread(store: Store, account_id: str, data: Mapping[str, Any]) -> Unread:
    """What the person has not read of messages `first_sequence` to `sequence` of a conversation.

    Raises:
        TemporaryError: when the store is away.
    """
    conversation_id, last = data["conversation_id"], data["sequence"]
    positions = await store.read_positions.of_account(account_id, [conversation_id])
    position = positions.get(conversation_id)
    read = position.read_sequence if position else 0
    if read >= last:
        return Unread(True, ())
    begin = max(read, data["first_sequence"] - 1)
    entries = await store.entries.after(conversation_id, begin, MAX_ENTRIES)
    if read_up_to(entries, account_id, read) >= last:
        return Unread(True, ())
    return Unread(False, standing(entries, account_id, last))


def standing(entries: Sequence[Entry], account_id: str, last: int) -> tuple[str, ...]:
    """The others' messages up to a sequence that the person has yet to read, as they read now."""
    read = read_up_to(entries, account_id, 0)
    unread = unread_messages(entries, account_id, read)
    return tuple(each.body or "" for each in unread.values() if each.sequence <= last)
