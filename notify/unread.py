"""The messages that an email tells of, as they stand when it is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.domain.conversations import Entry, EntryKind
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
    return Unread(False, standing(entries, account_id, last))


def standing(entries: Iterable[Entry], account_id: str, last: int) -> tuple[str, ...]:
    """The others' messages up to a sequence: edited ones as they read now, deleted ones left out."""
    bodies: dict[str, str] = {}
    for entry in entries:
        is_told = entry.sequence <= last and entry.sender_id != account_id
        if entry.kind is EntryKind.MESSAGE and is_told:
            bodies[entry.id] = entry.body or ""
        elif entry.kind is EntryKind.EDIT and entry.message_id in bodies:
            bodies[entry.message_id] = entry.body or ""
        elif entry.kind is EntryKind.DELETION:
            bodies.pop(entry.message_id or "", None)
    return tuple(bodies.values())
