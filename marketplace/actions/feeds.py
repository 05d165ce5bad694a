"""Reads feeds from a number on, and notices a number that belongs to another history."""

from dataclasses import dataclass

from marketplace.domain.conversations import Entry, fit_page
from marketplace.ports import Store


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries of a conversation, oldest first, and its head.

    If `is_snapshot` is True, they are the newest entries and do not continue from the reader's
    number. `has_more` says whether there are more entries in the requested direction: older ones
    for a snapshot.
    """

    entries: list[Entry]
    head: int
    has_more: bool
    is_snapshot: bool
    epoch: str


async def read_entries(
    store: Store,
    conversation_id: str,
    *,
    after: int | None,
    before: int | None,
    epoch: str | None,
    limit: int,
) -> EntryPage:
    """Entries after a sequence, or before one, or the newest.

    The newest entries are also returned if the number is above the head or of another epoch: the
    reader has seen entries that a restore has removed.

    Raises:
        TemporaryError: the store is down.
    """
    current = store.epoch.current
    head = (await store.entries.heads([conversation_id]))[conversation_id]
    reader_sequence = after if before is None else before - 1
    is_snapshot = reader_sequence is None or is_other(epoch, current)
    if reader_sequence is not None and not is_snapshot and reader_sequence > head:
        head = await newest_head(store, conversation_id)
        is_snapshot = reader_sequence > head
    if after is not None and not is_snapshot:
        entries = fit_page(await store.entries.after(conversation_id, after, limit))
        head = max(head, entries[-1].sequence if entries else 0)
        return EntryPage(
            entries, head, bool(entries) and entries[-1].sequence < head, False, current
        )
    newest = await store.entries.before(conversation_id, None if is_snapshot else before, limit)
    entries = fit_page(newest, newest=True)
    head = max(head, entries[-1].sequence if entries else 0)
    return EntryPage(entries, head, bool(entries) and entries[0].sequence > 1, is_snapshot, current)


def is_other(epoch: str | None, current: str) -> bool:
    """Whether the reader's number belongs to another epoch; None means the current one."""
    return epoch is not None and epoch != current


async def newest_head(store: Store, conversation_id: str) -> int:
    """The reliable head, for a number that is above the head just read.

    Right after an election the new primary may not know yet which entries a majority has, so an
    acknowledged head can be missing from majority reads.

    Raises:
        TemporaryError: the store is down.
    """
    return (await store.entries.newest_heads([conversation_id]))[conversation_id]
