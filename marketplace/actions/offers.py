"""Takes a vendor off an RFI that goes on without it, so that the next closest can be asked.

An offer that was not accepted in time, an acceptance without an answer, and a vendor that was
suspended or no longer covers the RFI: each is decided by a rule, and the decision is stored with
its effect. The event `match.closed` makes `matching` offer the free place.

Timers close expired offers when they are due. An action that counts places first closes the expired
offers that occupy them and that a timer has not reached yet: an expired offer occupies neither a
vendor's capacity nor a place on an RFI.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import match_event, quote_event
from marketplace.domain import decisions, lifetimes, matches, matching, quotes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import LIVE_STATES, Match, MatchState
from marketplace.domain.pages import MAX_LIMIT, PageRequest
from marketplace.domain.quotes import ClosedReason, Quote, QuoteState
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.domain.vendors import Vendor, VendorState
from marketplace.ids import new_id
from marketplace.places import distance_m
from marketplace.ports import Repositories, World

# A transaction has five seconds.
_BATCH_SIZE = 20
# Far more than a few vendors have at one moment; timers close the rest.
_MOST_EXPIRED = 100
_BEFORE_ALL_OFFERS = datetime(1970, 1, 1, tzinfo=UTC)
# MongoDB decides; a distance that is computed here may differ from its own in the last metre.
_NEARLY = 0.999
MARKETPLACE = Actor("marketplace", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Departure:
    """A vendor's departure from an RFI, to be announced after the commit."""

    match: Match
    notice: Entry | None
    items: list[FeedItem]

    async def announce(self, world: World) -> None:
        """Push every change to whom it concerns."""
        announcements.access_changed(world, self.match.vendor_id)
        if self.notice is not None:
            announcements.entry_added(world, self.notice)
        await account_feed.tell(world, self.items)


async def close_expired(world: World, found: Sequence[Match]) -> None:
    """Close those of these offers that have expired.

    Raises:
        TemporaryError: the store is down.
    """
    expired = [match.id for match in found if _has_expired(world, match)]
    for start in range(0, len(expired), _BATCH_SIZE):

        async def work(tx: Repositories, start: int = start) -> list[Departure]:
            current = [await tx.matches.get(id_) for id_ in expired[start : start + _BATCH_SIZE]]
            return await expire_all(world, tx, (match for match in current if match is not None))

        for departure in await world.store.transact(work):
            await departure.announce(world)


async def expired_offers(world: World, tx: Repositories, vendor_ids: Sequence[str]) -> list[Match]:
    """The expired offers that occupy these vendors' capacity, oldest first, at most a hundred."""
    if not vendor_ids:
        return []
    before = world.clock.now() - world.policy.offer_lifetime
    return await tx.matches.offered_before(vendor_ids, before, _MOST_EXPIRED)


async def expire_all(world: World, tx: Repositories, found: Iterable[Match]) -> list[Departure]:
    """Close those of these offers that have expired."""
    expired = [match for match in found if _has_expired(world, match)]
    departures = [await expire(world, tx, match) for match in expired]
    return [departure for departure in departures if departure is not None]


async def expire(world: World, tx: Repositories, match: Match) -> Departure | None:
    """Close an offer or an acceptance that has waited too long; None if it has not."""
    wait, now = lifetimes.match_wait(match, world.policy), world.clock.now()
    if wait is None:
        return None
    inputs = lifetimes.expiry_inputs(wait, now, is_answered=await is_answered(tx, match))
    decision = decisions.take(lifetimes.EXPIRY, new_id(), match.id, inputs, MARKETPLACE, now)
    if not decision.outcome["is_expired"]:
        return None
    await tx.decisions.add(decision)
    reason = matches.EXPIRED if match.state is MatchState.OFFERED else matches.NO_ANSWER
    return await close_match(world, tx, match, reason, MARKETPLACE)


async def close_departed(world: World, actor: Actor, vendor_id: str) -> int:
    """Close the vendor's matches on open RFIs that it has left; returns their number.

    A suspended vendor leaves all of them, an active one the offers that it no longer covers. Each
    match is closed in a transaction of its own, and only once, however often this is called.

    Raises:
        TemporaryError: the store is down.
    """
    closed, store = 0, world.store
    vendor = await store.vendors.get(vendor_id)
    for state in sorted(LIVE_STATES):
        request: PageRequest | None = PageRequest(MAX_LIMIT)
        while request is not None:
            page = await store.matches.of_vendor(vendor_id, state, request, _BEFORE_ALL_OFFERS)
            rfis = await store.rfis.get_many([match.rfi_id for match in page.items])
            for match in page.items:
                if match.rfi_id in rfis and _may_have_left(vendor, rfis[match.rfi_id]):
                    closed += await _close_departed(world, actor, match.id)
            cursor = page.next_cursor
            request = PageRequest(MAX_LIMIT, cursor) if cursor is not None else None
    return closed


async def close_match(
    world: World, tx: Repositories, match: Match, reason: str, actor: Actor
) -> Departure:
    """Close a live match in a transaction: its place and its timers, and its quote if it has one."""
    now = world.clock.now()
    closed_match = matches.close(match, reason, now)
    await tx.matches.save(closed_match, match.state)
    await tx.vendors.release(match.vendor_id)
    await tx.timers.cancel(lifetimes.match_timer_ids(match.id))
    rfi = await tx.rfis.get(match.rfi_id)
    if rfi is not None and rfi.state is RfiState.OPEN:
        await tx.rfis.count_matches(match.rfi_id, -1)
    await tx.outbox.add(match_event("match.closed", closed_match, actor))
    items = account_feed.match_items("match.updated", [closed_match])
    notice: Entry | None = None
    if match.conversation_id is not None:
        data = {"rfi_id": match.rfi_id, "match_id": match.id, "reason": reason}
        # A message that the transaction did not see may be the answer that was waited for.
        follows_seen = reason == matches.NO_ANSWER
        notice = await add_notice(
            tx, match.conversation_id, "match_closed", data, actor, now, follows_seen=follows_seen
        )
        closed_quotes = await _close_quote(tx, match, actor, now)
        items += account_feed.quote_items("quote.updated", closed_quotes)
    return Departure(closed_match, notice, await tx.feed.append(items))


async def _close_quote(tx: Repositories, match: Match, actor: Actor, now: datetime) -> list[Quote]:
    quote = await tx.quotes.of_pair(match.rfi_id, match.vendor_id)
    if quote is None or quote.state is not QuoteState.SUBMITTED:
        return []
    closed_quote = quotes.close(quote, ClosedReason.MATCH_CLOSED, now)
    await tx.quotes.save(closed_quote)
    await tx.timers.cancel(lifetimes.quote_timer_ids(quote.id))
    await tx.outbox.add(quote_event("quote.updated", closed_quote, actor))
    return [closed_quote]


async def _close_departed(world: World, actor: Actor, match_id: str) -> bool:
    async def work(tx: Repositories) -> Departure | None:
        match = await tx.matches.get(match_id)
        rfi = await tx.rfis.get(match.rfi_id) if match is not None else None
        if match is None or rfi is None or rfi.state is not RfiState.OPEN:
            return None
        vendor = await tx.vendors.get(match.vendor_id)
        covering = await tx.vendors.covering(rfi.category, rfi.location, [match.vendor_id])
        inputs = matching.departure_inputs(match, vendor, is_covering=match.vendor_id in covering)
        now = world.clock.now()
        decision = decisions.take(matching.DEPARTURE, new_id(), match.id, inputs, actor, now)
        reason = decision.outcome["closed_reason"]
        if reason is None:
            return None
        await tx.decisions.add(decision)
        return await close_match(world, tx, match, reason, actor)

    departure = await world.store.transact(work)
    if departure is None:
        return False
    await departure.announce(world)
    return True


def _has_expired(world: World, offer: Match) -> bool:
    return world.current_match(offer).state is not offer.state


def _may_have_left(vendor: Vendor | None, rfi: Rfi) -> bool:
    """Whether a transaction has to decide: most changes of a profile are no departure."""
    if vendor is None or vendor.state is not VendorState.ACTIVE or vendor.service_area is None:
        return True
    area = vendor.service_area
    is_far = distance_m(area.location, rfi.location) > area.radius_m * _NEARLY
    return is_far or rfi.category not in vendor.categories


async def is_answered(tx: Repositories, match: Match) -> bool:
    """Whether the vendor of an accepted match has written or quoted, or need not any more."""
    if match.state is not MatchState.ACCEPTED:
        return False
    rfi = await tx.rfis.get(match.rfi_id)
    if rfi is None or rfi.state is not RfiState.OPEN or match.conversation_id is None:
        return True
    if await tx.quotes.of_pair(match.rfi_id, match.vendor_id) is not None:
        return True
    return await tx.entries.has_message_of(match.conversation_id, match.vendor_id)
