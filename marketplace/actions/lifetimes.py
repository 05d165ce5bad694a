"""Extends an RFI, ends what has waited too long, and sets the timers of rows that lack them.

A timer's handler checks the current state, so a stale timer, or one that fires too early, has no
effect, whichever version has changed its subject.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from marketplace.actions import announcements, offers, quotes
from marketplace.actions.closing import Closing, end_withdrawn
from marketplace.actions.events import rfi_event
from marketplace.actions.offers import MARKETPLACE, Departure
from marketplace.actions.quotes import QuoteStep
from marketplace.actions.rfis import own_rfi
from marketplace.domain import decisions, lifetimes, rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.lifetimes import MOST_NOTICE
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Expected, Revision, Rfi, RfiState
from marketplace.domain.timers import Timer
from marketplace.ids import new_id
from marketplace.ports import Repositories, World

Waiting = TypeVar("Waiting", Rfi, Match, Quote)

_PAGE = 200
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Drafts get their timers only when a warning is near: most are submitted or changed long before.
_DRAFT_AHEAD = MOST_NOTICE + timedelta(hours=1)


async def extend(
    world: World, actor: Actor, rfi_id: str, expected: Expected, until: datetime
) -> Rfi:
    """Let the draft or open RFI expire later.

    Raises:
        ParleyError: `not_found`, `stale_revision`, `wrong_state`; `validation_failed` unless
            `until` is later than the present expiry and within the lifetime of an open RFI.
    """
    now = world.clock.now()
    latest = now + world.policy.open_lifetime

    async def work(tx: Repositories) -> tuple[Rfi, Revision]:
        before = await own_rfi(tx, actor, rfi_id, expected)
        wait = lifetimes.rfi_wait(before, world.policy)
        before = replace(before, expires_at=wait.until if wait is not None else None)
        after, revision = rfis.extend(before, until, latest, actor, now)
        await tx.rfis.save(after, revision)
        await tx.timers.set_many(lifetimes.timers_of_rfi(after, world.policy))
        await tx.outbox.add(rfi_event("rfi.revised", after, revision, actor))
        return after, revision

    rfi, revision = await world.store.transact(work)
    announcements.rfi_changed(world, revision)
    return rfi


async def expire_match(world: World, timer: Timer) -> bool:
    """Close the offer or the acceptance that the timer is about, if it has expired.

    Returns whether it was closed.

    Raises:
        TemporaryError: the store is down.
    """

    async def work(tx: Repositories) -> Departure | None:
        if not await tx.timers.finish(timer):
            return None
        match = await tx.matches.get(timer.subject_id)
        departure = await offers.expire(world, tx, match) if match is not None else None
        if match is not None and departure is None:
            await _set_again(world, tx, timer, lifetimes.timers_of_match(match, world.policy))
        return departure

    departure = await world.store.transact(work)
    if departure is not None:
        await departure.announce(world)
    return departure is not None


async def expire_rfi(world: World, timer: Timer) -> bool:
    """End the draft or open RFI that the timer is about, if it has expired.

    Returns whether it was ended.

    Raises:
        TemporaryError: the store is down.
    """

    async def work(tx: Repositories) -> Closing | None:
        if not await tx.timers.finish(timer):
            return None
        rfi, now = await tx.rfis.get(timer.subject_id), world.clock.now()
        wait = lifetimes.rfi_wait(rfi, world.policy) if rfi is not None else None
        if rfi is None or wait is None:
            return None
        inputs = lifetimes.expiry_inputs(wait, now)
        decision = decisions.take(lifetimes.EXPIRY, new_id(), rfi.id, inputs, MARKETPLACE, now)
        if not decision.outcome["is_expired"]:
            await _set_again(world, tx, timer, lifetimes.timers_of_rfi(rfi, world.policy))
            return None
        await tx.decisions.add(decision)
        expired = rfis.withdraw(rfi, MARKETPLACE, now, rfis.EXPIRED)
        return await end_withdrawn(world, tx, MARKETPLACE, *expired)

    closing = await world.store.transact(work)
    if closing is not None:
        await closing.announce(world)
    return closing is not None


async def expire_quote(world: World, timer: Timer) -> bool:
    """Close the quote that the timer is about, if its time is over.

    Returns whether it was closed.

    Raises:
        TemporaryError: the store is down.
    """

    async def work(tx: Repositories) -> QuoteStep | None:
        if not await tx.timers.finish(timer):
            return None
        quote = await tx.quotes.get(timer.subject_id)
        step = await quotes.expire(world, tx, quote) if quote is not None else None
        if quote is not None and step is None:
            await _set_again(world, tx, timer, lifetimes.timers_of_quote(quote))
        return step

    step = await world.store.transact(work)
    if step is not None:
        await step.announce(world)
    return step is not None


async def set_missing(world: World, since: datetime | None) -> int:
    """Set the timers of what waits and has none, or one for another moment; returns how many.

    The previous version, which runs beside this one during an update, writes such rows. Only rows
    that changed after `since` are looked at; None means all.

    Raises:
        TemporaryError: the store is down.
    """
    rfi_pages, match_pages = world.store.rfis.changed, world.store.matches.changed
    now = world.clock.now()
    begin = since or _BEGINNING
    ahead = world.policy.draft_lifetime - _DRAFT_AHEAD
    stale_begin = _BEGINNING if since is None else since - ahead
    mended = await _sweep(world, partial(rfi_pages, RfiState.OPEN), begin, now)
    mended += await _sweep(world, partial(rfi_pages, RfiState.DRAFT), stale_begin, now - ahead)
    mended += await _sweep(world, partial(match_pages, MatchState.OFFERED), begin, now)
    mended += await _sweep(world, world.store.quotes.expiring, begin, now)
    # The winners' matches stay accepted for ever. What was accepted earlier was judged by its timer,
    # or has waited since a version without timers and stays.
    begin = max(begin, now - world.policy.answer_lifetime)
    return mended + await _sweep(world, partial(match_pages, MatchState.ACCEPTED), begin, now)


async def _sweep(
    world: World,
    read: Callable[[tuple[datetime, str], datetime, int], Awaitable[Sequence[Waiting]]],
    begin: datetime,
    end: datetime,
) -> int:
    """Look at rows by their last change, a page at a time."""
    mended, after = 0, (begin, "")
    while page := await read(after, end, _PAGE):
        expiries = {item.id: _expiry_of(world, item) for item in page}
        known = await world.store.timers.get_many([timer.id for timer in expiries.values()])
        for item in page:
            timer = expiries[item.id]
            if timer.id not in known or known[timer.id].due_at != timer.due_at:
                mended += await _mend(world, item)
        after = (page[-1].updated_at, page[-1].id)
    return mended


def _expiry_of(world: World, item: Rfi | Match | Quote) -> Timer:
    if isinstance(item, Rfi):
        return lifetimes.timers_of_rfi(item, world.policy)[0]
    if isinstance(item, Match):
        return lifetimes.timers_of_match(item, world.policy)[0]
    return lifetimes.timers_of_quote(item)[0]


async def _mend(world: World, item: Rfi | Match | Quote) -> bool:
    if isinstance(item, Match):
        return await world.store.transact(lambda tx: _mend_match(world, tx, item.id))
    if isinstance(item, Quote):
        return await world.store.transact(lambda tx: _mend_quote(tx, item.id))
    is_mended, revision = await world.store.transact(lambda tx: _mend_rfi(world, tx, item.id))
    if revision is not None:
        announcements.rfi_changed(world, revision)
    return is_mended


async def _mend_match(world: World, tx: Repositories, match_id: str) -> bool:
    match = await tx.matches.get(match_id)
    if match is None or await offers.is_answered(tx, match):
        return False
    timers = lifetimes.timers_of_match(match, world.policy)
    await tx.timers.set_many(timers)
    return bool(timers)


async def _mend_quote(tx: Repositories, quote_id: str) -> bool:
    quote = await tx.quotes.get(quote_id)
    timers = lifetimes.timers_of_quote(quote) if quote is not None else []
    await tx.timers.set_many(timers)
    return bool(timers)


async def _mend_rfi(world: World, tx: Repositories, rfi_id: str) -> tuple[bool, Revision | None]:
    """Set an RFI's timers; one that was due to expire before it had any gets time for a warning."""
    rfi, now, revision = await tx.rfis.get(rfi_id), world.clock.now(), None
    wait = lifetimes.rfi_wait(rfi, world.policy) if rfi is not None else None
    if rfi is None or wait is None:
        return False, None
    if rfi.expires_at is None and wait.until <= now:
        until = now + MOST_NOTICE
        rfi, revision = rfis.extend(rfi, until, until, MARKETPLACE, now)
        await tx.rfis.save(rfi, revision)
        await tx.outbox.add(rfi_event("rfi.revised", rfi, revision, MARKETPLACE))
    await tx.timers.set_many(lifetimes.timers_of_rfi(rfi, world.policy))
    return True, revision


async def _set_again(
    world: World, tx: Repositories, finished: Timer, timers: Sequence[Timer]
) -> None:
    """Set a timer that came too early for the moment at which it is due now, if any."""
    now = world.clock.now()
    await tx.timers.set_many(
        [timer for timer in timers if timer.kind is finished.kind and timer.due_at > now]
    )
