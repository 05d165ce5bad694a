"""Read feeds from a number on: a conversation's entries, an RFI's revisions, an account's items.

A reader whose number is above the head, or belongs to another epoch, has seen what a restore
removed. It gets a snapshot, which does not continue from its number.
"""

import asyncio
from dataclasses import dataclass

import orjson

from marketplace.actions import conversations, rfis
from marketplace.domain import visibility
from marketplace.domain.account_feed import FeedItem, continues, newest_run
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Conversation, ReadPosition
from marketplace.domain.feeds import (
    EntryPage,
    ItemPage,
    RevisionPage,
    fit,
    page_after,
    page_before,
)
from marketplace.domain.rfis import Revision, Rfi
from marketplace.domain.unread import with_own_messages
from marketplace.domain.visibility import SeenRfi, View
from marketplace.ports import Store, World

HEAD_LAGS_S = 0.05


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """A conversation up to the head of a page, from which pushes continue.

    `read_positions` has each participant who has read or received something.
    """

    page: EntryPage
    conversation: Conversation
    read_positions: list[ReadPosition]


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page starts: the reader's sequence, or None for a snapshot.

    `head` is what a majority has. The sequence may be above it for a moment after an election, but
    not above `newest_head`.
    """

    sequence: int | None
    head: int
    newest_head: int
    epoch: str


async def read_entries(
    world: World,
    conversation: Conversation,
    *,
    after: int | None,
    before: int | None,
    epoch: str | None,
    limit: int,
) -> EntryPage:
    """At most `limit` entries after a sequence, or before one, or the newest.

    Raises:
        TemporaryError: the store is down.
    """
    entries = world.store.entries
    sequence = after if before is None else before - 1
    start = await _start(world.store, conversation.id, sequence, epoch)
    if start.sequence is not None and before is None:
        found = await entries.after(conversation.id, start.sequence, limit)
        return page_after(found, start.newest_head, start.epoch)
    is_snapshot = start.sequence is None
    found = await entries.before(conversation.id, None if is_snapshot else before, limit)
    return page_before(found, start.newest_head, start.epoch, is_snapshot=is_snapshot)


async def read_snapshot(
    world: World,
    actor: Actor,
    conversation_id: str,
    *,
    after: int | None,
    epoch: str | None,
    limit: int,
) -> ConversationSnapshot:
    """A conversation with its entries after a sequence, or the newest, and nothing above its head.

    Whether it is open is read after the head, so that it is never older than the entries.

    Raises:
        ParleyError: `not_found`.
        TemporaryError: the store is down.
    """
    store = world.store
    start = await _start(store, conversation_id, after, epoch)
    while start.sequence is not None and start.sequence > start.head:
        await asyncio.sleep(HEAD_LAGS_S)
        start = await _start(store, conversation_id, after, epoch)
    entries, conversation, positions = await asyncio.gather(
        store.entries.before(conversation_id, start.head + 1, limit)
        if start.sequence is None
        else store.entries.after(conversation_id, start.sequence, limit),
        conversations.own_conversation(world, actor, conversation_id),
        store.read_positions.of_conversation(conversation_id),
    )
    complete = [entry for entry in entries if entry.sequence <= start.head]
    page = (
        page_before(complete, start.head, start.epoch, is_snapshot=True)
        if start.sequence is None
        else page_after(complete, start.head, start.epoch)
    )
    accounts = [participant.account_id for participant in conversation.participants]
    moved = with_own_messages(positions, entries, conversation_id, accounts)
    return ConversationSnapshot(page, conversation, moved)


async def read_revisions(
    world: World, actor: Actor, rfi_id: str, *, after: int, epoch: str | None, limit: int
) -> RevisionPage:
    """At most `limit` revisions of an RFI after a number, or the newest for a snapshot.

    Raises:
        ParleyError: `not_found`, `forbidden`, as `visible_rfi`.
        TemporaryError: the store is down.
    """
    current = world.store.epoch.current
    rfi = await rfis.visible_rfi(world, actor, rfi_id)
    follows = _follows(rfi, after, epoch, current)
    start = await _visible_after(world, rfi, after if follows else max(0, rfi.revision - limit))
    revisions = await _revisions(world, rfi, start, limit)
    # A revision may have been added between the two reads.
    head = max(rfi.revision, revisions[-1].revision if revisions else 0)
    return RevisionPage(rfi, revisions, head, current, not follows)


async def read_missed_revisions(
    world: World, actor: Actor, rfi_id: str, *, after: int | None, epoch: str | None, limit: int
) -> RevisionPage:
    """An RFI with all revisions after a number up to its own.

    A snapshot has none: the reader asked for none, or more are missing than `limit`, or one of them
    is no longer stored.

    Raises:
        ParleyError: `not_found`, `forbidden`, as `visible_rfi`.
        TemporaryError: the store is down.
    """
    current = world.store.epoch.current
    rfi = await rfis.visible_rfi(world, actor, rfi_id)
    snapshot = RevisionPage(rfi, [], rfi.revision, current, True)
    if after is None or not _follows(rfi, after, epoch, current) or rfi.revision - after > limit:
        return snapshot
    start = await _visible_after(world, rfi, after)
    revisions = [
        revision
        for revision in await _revisions(world, rfi, start, limit)
        if revision.revision <= rfi.revision
    ]
    if len(revisions) != rfi.revision - start:
        return snapshot
    return RevisionPage(rfi, revisions, rfi.revision, current, False)


async def read_items(
    store: Store,
    account_id: str,
    *,
    after: int | None,
    before: int | None,
    epoch: str | None,
    limit: int,
) -> ItemPage:
    """At most `limit` items of an account after a position, or before one, or the newest.

    The newest are also returned if items after the position are no longer kept.

    Raises:
        TemporaryError: the store is down.
    """
    current = store.epoch.current
    head = (await store.feed.heads([account_id]))[account_id]
    position = after if before is None else before - 1
    is_snapshot = position is None or _is_other(epoch, current)
    if position is not None and not is_snapshot and position > head:
        is_snapshot = position > await store.feed.newest_head(account_id)  # as in `_start`
    if after is not None and not is_snapshot:
        following = await store.feed.after(account_id, after, limit)
        if continues(following, after) and (following or after >= head):
            items = fit(following, _size_of)
            last = items[-1].position if items else after
            return ItemPage(items, max(head, last), last < head, current, False)
        is_snapshot = True
    preceding = await store.feed.before(account_id, None if is_snapshot else before, limit + 1)
    run = newest_run(preceding, head if before is None or is_snapshot else before - 1)
    items = fit(run[-limit:], _size_of, newest=True)
    last = items[-1].position if items else head
    return ItemPage(items, max(head, last), len(items) < len(run), current, is_snapshot)


async def _start(
    store: Store, conversation_id: str, sequence: int | None, epoch: str | None
) -> _Start:
    current = store.epoch.current
    head = (await store.entries.heads([conversation_id]))[conversation_id]
    if sequence is None or _is_other(epoch, current):
        return _Start(None, head, head, current)
    newest_head = head
    if sequence > head:
        # Right after an election the new primary may not know yet which entries a majority has, so
        # an acknowledged head can be missing from majority reads.
        newest_head = (await store.entries.newest_heads([conversation_id]))[conversation_id]
    return _Start(sequence if sequence <= newest_head else None, head, newest_head, current)


def _follows(rfi: Rfi, after: int, epoch: str | None, current: str) -> bool:
    """Whether the RFI's revisions continue from the reader's number."""
    return after <= rfi.revision and not _is_other(epoch, current)


def _is_other(epoch: str | None, current: str) -> bool:
    """Whether the reader's number belongs to another epoch; None means the current one."""
    return epoch is not None and epoch != current


async def _visible_after(world: World, rfi: SeenRfi, after: int) -> int:
    """The revision after which the actor sees all revisions, at least `after`.

    Except for the customer and admins it is the one before the submission: content that the
    customer removed from the draft was never meant for others.
    """
    if rfi.view is View.OWN:
        return after
    return max(after, await world.store.rfis.submission(rfi.id) - 1)


async def _revisions(world: World, rfi: SeenRfi, after: int, limit: int) -> list[Revision]:
    revisions = await world.store.rfis.revisions(rfi.id, after, limit)
    return [visibility.seen_revision(revision, rfi.view) for revision in revisions]


def _size_of(item: FeedItem) -> int:
    return len(orjson.dumps(item.data))
