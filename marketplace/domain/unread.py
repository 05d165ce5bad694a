"""What a participant has not read yet: one rule for lists, joins and notifications.

There are no counters to update when messages arrive, so nothing can drift.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from marketplace.domain.conversations import Entry, EntryKind, ReadPosition

# Counting stops here; an app shows this as "99+".
MAX_UNREAD = 100


@dataclass(frozen=True, slots=True)
class Unread:
    """How far a person has read, and the number of unread messages, up to 100."""

    read_sequence: int
    count: int


def read_up_to(entries: Iterable[Entry], account_id: str, read_sequence: int) -> int:
    """How far a person has read: sending a message marks everything before it as read."""
    own = (
        entry.sequence
        for entry in entries
        if entry.kind is EntryKind.MESSAGE and entry.sender_id == account_id
    )
    return max(read_sequence, *own, 0)


def unread_messages(
    entries: Iterable[Entry], account_id: str, read_sequence: int
) -> dict[str, Entry]:
    """The other side's undeleted messages after a read position, by id, with their current text.

    `entries` are in order and include everything after the position. A person's own messages,
    edits, deletions and notices are not unread, and neither are deleted messages.
    """
    unread: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind is EntryKind.MESSAGE:
            if entry.sequence > read_sequence and entry.sender_id != account_id:
                unread[entry.id] = entry
        elif entry.kind is EntryKind.EDIT and entry.message_id in unread:
            message = unread[entry.message_id]
            unread[message.id] = replace(message, body=entry.body)
        elif entry.kind is EntryKind.DELETION:
            unread.pop(entry.message_id or "", None)
    return unread


def with_own_messages(
    positions: Iterable[ReadPosition],
    entries: Iterable[Entry],
    conversation_id: str,
    account_ids: Iterable[str],
) -> list[ReadPosition]:
    """Read positions moved up to each person's last own message among the entries."""
    by_account = {position.account_id: position for position in positions}
    entries = tuple(entries)
    moved = []
    for account_id in account_ids:
        position = by_account.get(account_id) or ReadPosition(conversation_id, account_id, 0, 0)
        read = read_up_to(entries, account_id, position.read_sequence)
        delivered = max(read, position.delivered_sequence)
        if read > 0 or delivered > 0:
            moved.append(replace(position, read_sequence=read, delivered_sequence=delivered))
    return moved
