"""Reads the timeline of an RFI, as far as the reader may see it."""

import asyncio

from marketplace.actions.rfis import visible_rfi
from marketplace.domain import timelines, visibility
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.quotes import Quote, as_of
from marketplace.domain.timelines import Position, Source, TimelineItem
from marketplace.domain.visibility import SeenRfi, View
from marketplace.ports import Store, World


async def visible_timeline(
    world: World, actor: Actor, rfi_id: str, request: PageRequest
) -> Page[TimelineItem]:
    """What happened to the RFI, newest first.

    The customer and admins see all of it. A vendor sees the RFI's revisions in its own view of the
    RFI, and of all else only what concerns its own match.

    Raises:
        ParleyError: `not_found` and `forbidden`, as `visible_rfi`.
    """
    rfi = await visible_rfi(world, actor, rfi_id)
    position = Position.read(request.before_id) if request.before_id else timelines.END
    count = request.limit + 1
    matches = [world.current_match(match) for match in await world.store.matches.of_rfi(rfi_id)]
    now = world.clock.now()
    quotes = [as_of(quote, now) for quote in await world.store.quotes.of_rfi(rfi_id)]
    is_about_rfi = actor.role is not Role.VENDOR
    if not is_about_rfi:
        matches = [match for match in matches if match.vendor_id == actor.account_id]
        quotes = [quote for quote in quotes if quote.vendor_id == actor.account_id]
    subject_ids = [match.id for match in matches] + [quote.id for quote in quotes]
    if is_about_rfi:
        subject_ids.append(rfi_id)
    revisions, figures, notices, decisions = await asyncio.gather(
        _revisions(world, rfi, position, count),
        _figures(world.store, quotes, position, count),
        _notices(world.store, matches, position, count),
        world.store.decisions.before(subject_ids, *position.within(Source.DECISION), count),
    )
    items = [
        *revisions,
        *(item for match in matches for item in timelines.of_match(match)),
        *(item for quote in quotes for item in timelines.of_quote(quote)),
        *figures,
        *notices,
        *map(timelines.of_decision, decisions),
    ]
    later = [item for item in items if item.position < position]
    later.sort(key=lambda item: item.position, reverse=True)
    shown = tuple(later[: request.limit])
    return Page(shown, str(shown[-1].position) if len(later) > request.limit else None)


async def _revisions(
    world: World, rfi: SeenRfi, position: Position, count: int
) -> list[TimelineItem]:
    """The revisions in the reader's view; for vendors they start with the submission."""
    store = world.store.rfis
    first = 1 if rfi.view is View.OWN else await store.submission(rfi.id)
    at, number = timelines.revision_bound(position)
    return [
        timelines.of_revision(visibility.seen_revision(revision, rfi.view))
        for revision in await store.revisions_before(rfi.id, at, number, count)
        if revision.revision >= first
    ]


async def _figures(
    store: Store, quotes: list[Quote], position: Position, count: int
) -> list[TimelineItem]:
    by_id = {quote.id: quote for quote in quotes}
    at, key = position.within(Source.QUOTE)
    revisions = await store.quotes.revisions_before(list(by_id), at, key, count)
    return [
        timelines.of_quote_revision(revision, by_id[revision.quote_id]) for revision in revisions
    ]


async def _notices(
    store: Store, matches: list[Match], position: Position, count: int
) -> list[TimelineItem]:
    ids = [match.conversation_id for match in matches if match.conversation_id is not None]
    at, key = position.within(Source.NOTICE)
    return [
        timelines.of_notice(notice)
        for notice in await store.entries.notices_before(ids, at, key, count)
    ]
