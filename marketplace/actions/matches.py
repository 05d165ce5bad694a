"""Offer an RFI to the closest vendors; accept and decline an offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import event, match_event
from marketplace.actions.offers import Departure, expire_all, expired_offers
from marketplace.actions.rfis import visible_rfi
from marketplace.domain import decisions, lifetimes, matches, matching, vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation, Entry, Participant
from marketplace.domain.matches import NO_LONGER_SUITABLE, Match, MatchState
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.domain.vendors import MAX_RADIUS_M, NearbyVendor
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World
from marketplace.schemas.conversations import ConversationView

_CONVERSATION = ConversationView()
# The decision shows who would have been next, and which closer vendors had no free place.
_SPARE_CANDIDATES = 5
_MOST_FULL = 20


@dataclass(frozen=True, slots=True)
class _Round:
    """What a round of matching changed, to be announced after the commit."""

    expired: Sequence[Departure] = ()
    closed: Sequence[Match] = ()
    items: Sequence[FeedItem] = ()
    offered: int = 0


async def match_rfi(world: World, actor: Actor, group: str, event_id: str, rfi_id: str) -> int:
    """Offer an open RFI to the closest suitable vendors, up to its `max_vendors`.

    Three kinds of offers are closed first: expired ones of this RFI, expired ones of vendors in
    reach that have no other free place, and those of this RFI that no longer suit its place or
    category. The event is marked as handled in the same transaction, so a second delivery changes
    nothing. What was decided is stored with its inputs. Returns the number of new offers.

    Raises:
        TemporaryError: the store is down.
    """

    async def work(tx: Repositories) -> _Round:
        if not await tx.handled.mark(group, event_id):
            return _Round()
        rfi = await tx.rfis.get(rfi_id)
        if rfi is None or rfi.state is not RfiState.OPEN:
            return _Round()
        return await _match(world, tx, actor, rfi)

    done = await world.store.transact(work)
    for departure in done.expired:
        await departure.announce(world)
    announcements.access_changed(world, *(match.vendor_id for match in done.closed))
    await account_feed.tell(world, done.items)
    return done.offered


async def accept(world: World, actor: Actor, match_id: str) -> Match:
    """Accept an offer; this opens the conversation with the customer.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Match, Entry, list[FeedItem]]:
        match = await _own_match(world, tx, actor, match_id)
        vendors.require_not_suspended(await tx.vendors.get(actor.account_id))
        accepted = matches.accept(match, new_id(), now)
        conversation = await _conversation(tx, accepted)
        await tx.matches.save(accepted, MatchState.OFFERED)
        await tx.timers.cancel(lifetimes.offer_timer_ids(match_id))
        await tx.timers.set_many(lifetimes.timers_of_match(accepted, world.policy))
        await tx.conversations.add(conversation)
        joined = {"account_id": actor.account_id, "match_id": match.id}
        notice = await add_notice(tx, conversation.id, "participant_joined", joined, actor, now)
        started = {"conversation": _CONVERSATION.write(conversation)}
        await tx.outbox.add(match_event("match.accepted", accepted, actor))
        await tx.outbox.add(event("conversation.started", conversation.id, now, actor, started))
        items = account_feed.match_items("match.updated", [accepted])
        return accepted, notice, await tx.feed.append(items)

    accepted, notice, items = await world.store.transact(work)
    announcements.access_changed(world, accepted.vendor_id)
    announcements.entry_added(world, notice)
    await account_feed.tell(world, items)
    return accepted


async def decline(world: World, actor: Actor, match_id: str, reason: str | None) -> Match:
    """Decline an offer; this frees the vendor's capacity and the place on the RFI.

    The event makes `matching` offer the place to the next closest vendor.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Match, list[FeedItem]]:
        declined = matches.decline(await _own_match(world, tx, actor, match_id), reason, now)
        await tx.matches.save(declined, MatchState.OFFERED)
        await tx.timers.cancel(lifetimes.offer_timer_ids(match_id))
        await tx.vendors.release(declined.vendor_id)
        await tx.rfis.count_matches(declined.rfi_id, -1)
        await tx.outbox.add(match_event("match.declined", declined, actor))
        items = account_feed.match_items("match.updated", [declined])
        return declined, await tx.feed.append(items)

    declined, items = await world.store.transact(work)
    announcements.access_changed(world, declined.vendor_id)
    await account_feed.tell(world, items)
    return declined


async def visible_matches(world: World, actor: Actor, rfi_id: str) -> list[Match]:
    """An RFI's matches, closest first: all for its customer, only its own for a vendor.

    Raises:
        ParleyError: `not_found`, as `visible_rfi`.
    """
    await visible_rfi(world, actor, rfi_id)
    found = [world.current_match(match) for match in await world.store.matches.of_rfi(rfi_id)]
    if actor.role is Role.VENDOR:
        return [match for match in found if match.vendor_id == actor.account_id]
    return found


async def own_matches(
    world: World, actor: Actor, state: MatchState | None, request: PageRequest
) -> Page[tuple[Match, Rfi]]:
    """A vendor's matches with their RFIs in their current state, newest first.

    Raises:
        ParleyError: `forbidden` for other roles.
    """
    actor.require(Role.VENDOR)
    expired_before = world.clock.now() - world.policy.offer_lifetime
    page = await world.store.matches.of_vendor(actor.account_id, state, request, expired_before)
    rfis = await world.store.rfis.get_many([match.rfi_id for match in page.items])
    items = tuple((world.current_match(match), rfis[match.rfi_id]) for match in page.items)
    return Page(items, page.next_cursor)


async def _match(world: World, tx: Repositories, actor: Actor, rfi: Rfi) -> _Round:
    """Decide who is offered the RFI and who is not any more, and do it in this transaction."""
    existing = await tx.matches.of_rfi(rfi.id)
    if expired := await expire_all(world, tx, existing):
        existing = await tx.matches.of_rfi(rfi.id)
    now = world.clock.now()
    inputs, candidates = await _look_around(tx, rfi, existing, now)
    full_ids = [nearby["vendor_id"] for nearby in inputs["full"]]
    if freed := await expire_all(world, tx, await expired_offers(world, tx, full_ids)):
        expired += freed
        inputs, candidates = await _look_around(tx, rfi, existing, now)
    decision = decisions.take(matching.CLOSEST, new_id(), rfi.id, inputs, actor, now)
    if decision.outcome["places"] == 0 and not decision.outcome["closed"]:
        return _Round(expired)
    await tx.decisions.add(decision)
    closed = await _close_unsuitable(world, tx, actor, existing, decision.outcome["closed"])
    chosen = [candidates[vendor_id] for vendor_id in decision.outcome["offered"]]
    offered = await _offer(world, tx, actor, rfi, chosen)
    if offered or closed:
        await tx.rfis.count_matches(rfi.id, len(offered) - len(closed))
    items = [
        *account_feed.match_items("match.updated", closed),
        *account_feed.match_items("match.offered", offered),
    ]
    return _Round(expired, closed, await tx.feed.append(items), len(offered))


async def _look_around(
    tx: Repositories, rfi: Rfi, existing: list[Match], now: datetime
) -> tuple[dict[str, Any], dict[str, NearbyVendor]]:
    """What the rule decides from; and the candidates by id, with a few more than there are places."""
    of_rfi = matching.existing_matches(existing, await _uncovered(tx, rfi, existing))
    places = matching.free_places(rfi.max_vendors, of_rfi)
    if places == 0:
        return matching.closest_inputs(rfi, of_rfi, [], []), {}
    asked = [match.vendor_id for match in existing]  # no vendor gets two offers of one RFI
    limit = places + _SPARE_CANDIDATES
    candidates = await tx.vendors.closest(rfi.category, rfi.location, limit, asked, at=now)
    within_m = candidates[-1].distance_m if len(candidates) == limit else MAX_RADIUS_M
    full = await tx.vendors.full(rfi.category, rfi.location, within_m, _MOST_FULL, at=now)
    inputs = matching.closest_inputs(rfi, of_rfi, candidates, full)
    return inputs, {nearby.vendor.id: nearby for nearby in candidates}


async def _offer(
    world: World, tx: Repositories, actor: Actor, rfi: Rfi, chosen: list[NearbyVendor]
) -> list[Match]:
    """Offer the RFI to vendors that have a free place in this transaction's view."""
    offered: list[Match] = []
    for nearby in chosen:
        if await tx.vendors.reserve(nearby.vendor.id):
            match = matches.offer(new_id(), rfi, nearby, world.clock.now())
            await tx.matches.add(match)
            await tx.outbox.add(match_event("match.offered", match, actor))
            offered.append(match)
    timers = [
        timer for match in offered for timer in lifetimes.timers_of_match(match, world.policy)
    ]
    await tx.timers.set_many(timers)
    return offered


async def _uncovered(tx: Repositories, rfi: Rfi, existing: list[Match]) -> frozenset[str]:
    """The vendors of offers that no longer cover the RFI, which can only be after a revision."""
    offered = [match for match in existing if match.state is MatchState.OFFERED]
    if all(match.rfi_revision == rfi.revision for match in offered):
        return frozenset()
    vendor_ids = [match.vendor_id for match in offered]
    return frozenset(vendor_ids) - await tx.vendors.covering(rfi.category, rfi.location, vendor_ids)


async def _close_unsuitable(
    world: World, tx: Repositories, actor: Actor, existing: list[Match], vendor_ids: list[str]
) -> list[Match]:
    closed = []
    for match in existing:
        if match.vendor_id not in vendor_ids:
            continue
        closed_match = matches.close(match, NO_LONGER_SUITABLE, world.clock.now())
        await tx.matches.save(closed_match, MatchState.OFFERED)
        await tx.vendors.release(match.vendor_id)
        await tx.timers.cancel(lifetimes.offer_timer_ids(match.id))
        await tx.outbox.add(match_event("match.closed", closed_match, actor))
        closed.append(closed_match)
    return closed


async def _own_match(world: World, tx: Repositories, actor: Actor, match_id: str) -> Match:
    actor.require(Role.VENDOR)
    match = await tx.matches.get(match_id)
    if match is None or match.vendor_id != actor.account_id:
        raise ParleyError(Code.NOT_FOUND, "You have no match with this id.")
    return world.current_match(match)


async def _conversation(tx: Repositories, match: Match) -> Conversation:
    customer = await tx.accounts.get(match.customer_id)
    if customer is None or match.conversation_id is None:
        raise ParleyError(Code.NOT_FOUND, "The customer's account no longer exists.")
    return Conversation(
        id=match.conversation_id,
        rfi_id=match.rfi_id,
        match_id=match.id,
        participants=(
            Participant(customer.id, Role.CUSTOMER, customer.name),
            Participant(match.vendor_id, Role.VENDOR, match.vendor_name),
        ),
        created_at=match.updated_at,
    )
