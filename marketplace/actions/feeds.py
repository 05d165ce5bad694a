"""Reading feeds from a number, and noticing a number that belongs to another history."""

from dataclasses import dataclass

from marketplace.domain.conversations import Entry, fit_page
from marketplace.ports import Store


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries of a conversation, oldest first, and its head.

    With `is_snapshot` they are the newest ones, and do not follow on what the reader named.
    `has_more` says whether there are more in the direction that was read: older ones for a snapshot.
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

    They are the newest too when the number is above the head, or of another epoch than the feed's:
    the reader has seen what a restore has taken back.

    Raises:
        TemporaryError: when the store is away.
    """
    current = store.epoch.current
    head = (await store.entries.heads([conversation_id]))[conversation_id]
    named = after if before is None else before - 1
    is_snapshot = named is None or is_other(epoch, current)
    if named is not None and not is_snapshot and named > head:
        head = await newest_head(store, conversation_id)
        is_snapshot = named > head
    if after is not None and not is_snapshot:
        entries = fit_page(await store.entries.after(conversation_id, after, limit))
        head = max(head, entries[-1].sequence if entries else 0)
        return EntryPage(
            entries, head, bool(entries) and entries[-1].sequence < head, False, current
        )
    found = await store.entries.before(conversation_id, None if is_snapshot else before, limit)
    entries = fit_page(found, newest=True)
    head = max(head, entries[-1].sequence if entries else 0)
    return EntryPage(entries, head, bool(entries) and entries[0].sequence > 1, is_snapshot, current)


def is_other(epoch: str | None, current: str) -> bool:
    """Whether the reader's number belongs to another epoch; who names none takes the current one."""
    return epoch is not None and epoch != current


async def newest_head(store: Store, conversation_id: str) -> int:
    """The head for certain, for a number that is above the one just read.

    Just after an election the new primary may not yet know that a majority has what it has, so that a
    head that was acknowledged is not in what the store reads.

    Raises:
        TemporaryError: when the store is away.
    """
    return (await store.entries.newest_heads([conversation_id]))[conversation_id]
