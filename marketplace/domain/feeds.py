"""Pages of the numbered feeds: a conversation's entries, an RFI's revisions, an account's items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from marketplace.domain.account_feed import FeedItem
from marketplace.domain.conversations import Entry
from marketplace.domain.rfis import Revision
from marketplace.domain.visibility import SeenRfi

T = TypeVar("T")
# 200 entries of 8,000 characters would be megabytes in one response, for a phone on a slow network.
MAX_PAGE_BYTES = 200_000
# The most that one takes in a response: a name of 100 characters, ids, measures.
_ATTACHMENT_BYTES = 700


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
    epoch: str
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """An RFI and some of its revisions, oldest first, in one view of it.

    `head` is the highest revision known. If `is_snapshot` is True, the revisions do not continue
    from the reader's number.
    """

    rfi: SeenRfi
    revisions: list[Revision]
    head: int
    epoch: str
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items of an account's feed, oldest first, and the feed's highest position.

    If `is_snapshot` is True, they are the newest items and do not continue from the reader's
    position. `has_more` says whether there are more items in the requested direction: older ones
    for a snapshot.
    """

    items: list[FeedItem]
    position: int
    has_more: bool
    epoch: str
    is_snapshot: bool


def page_after(entries: Sequence[Entry], head: int, epoch: str) -> EntryPage:
    """The first of the entries after a sequence; an entry may be newer than the head."""
    kept = fit_page(entries)
    last = kept[-1].sequence if kept else 0
    return EntryPage(kept, max(head, last), bool(kept) and last < head, epoch, False)


def page_before(entries: Sequence[Entry], head: int, epoch: str, *, is_snapshot: bool) -> EntryPage:
    """The last of the entries before a sequence, or of all; an entry may be newer than the head."""
    kept = fit_page(entries, newest=True)
    first, last = (kept[0].sequence, kept[-1].sequence) if kept else (0, 0)
    return EntryPage(kept, max(head, last), first > 1, epoch, is_snapshot)


def fit_page(entries: Sequence[Entry], *, newest: bool = False) -> list[Entry]:
    """As many entries as fit into one response, at least one: the first ones, or the newest."""
    return fit(entries, _size_of, newest=newest)


def fit(values: Sequence[T], size_of: Callable[[T], int], *, newest: bool = False) -> list[T]:
    """As many values as fit into one response, at least one; `size_of` returns bytes."""
    ordered = values[::-1] if newest else values
    kept: list[T] = []
    size_bytes = 0
    for value in ordered:
        size_bytes += size_of(value)
        if kept and size_bytes > MAX_PAGE_BYTES:
            break
        kept.append(value)
    return kept[::-1] if newest else kept


def _size_of(entry: Entry) -> int:
    return len((entry.body or "").encode()) + len(entry.attachments) * _ATTACHMENT_BYTES
