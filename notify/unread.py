"""The messages that an email shows, in their state at the time of sending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.domain.conversations import Entry, text_of
from marketplace.domain.unread import read_up_to, unread_messages
from marketplace.ports import Store

# An email shows far fewer, but an edit or a deletion may follow its message much later.
MAX_ENTRIES = 2_000
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """Whether the person has read everything, and what an email shows of the unread messages."""

    is_read: bool
    bodies: tuple[str, ...]


async def unread(store: Store, account_id: str, data: Mapping[str, Any]) -> Unread:
    """The messages `first_sequence` to `sequence` of a conversation that the person has not read.

    Raises:
        TemporaryError: when the store is unavailable.
    """
    conversation_id, last = data["conversation_id"], data["sequence"]
    positions = await store.read_positions.of_account(account_id, [conversation_id])
    position = positions.get(conversation_id)
    read = position.read_sequence if position else 0
    if read >= last:
        return Unread(True, ())
    begin = max(read, data["first_sequence"] - 1)
    entries = await _entries_after(store, conversation_id, begin)
    if read_up_to(entries, account_id, read) >= last:
        return Unread(True, ())
    return Unread(False, unread_bodies(entries, account_id, last))


def unread_bodies(entries: Sequence[Entry], account_id: str, last: int) -> tuple[str, ...]:
    """What an email shows of the others' unread messages, up to the sequence `last`."""
    read = read_up_to(entries, account_id, 0)
    unread = unread_messages(entries, account_id, read)
    return tuple(text_of(message) for message in unread.values() if message.sequence <= last)


async def _entries_after(store: Store, conversation_id: str, sequence: int) -> list[Entry]:
    """The entries after a sequence, up to `MAX_ENTRIES`."""
    entries: list[Entry] = []
    while len(entries) < MAX_ENTRIES:
        page = await store.entries.after(conversation_id, sequence, _PAGE)
        entries += page
        if len(page) < _PAGE:
            break
        sequence = page[-1].sequence
    return entries
