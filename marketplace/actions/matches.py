"""Offer an RFI to the closest vendors; accept and decline an offer."""

from marketplace.actions import announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import event, match_event
from marketplace.actions.offers import close_expired
from marketplace.actions.rfis import visible_rfi
from marketplace.domain import matches, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation, Entry, Participant
from marketplace.domain.matches import LIVE_STATES, NO_LONGER_SUITABLE, Match, MatchState
from marketplace.domain.pages import Page, PageRequest
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World
from marketplace.schemas.conversations import ConversationView

_CONVERSATION = ConversationView()
# Concurrent matchings may reserve some of the closest vendors first, so a few more are requested.
_SPARE_CANDIDATES = 5


async def match_rfi(world: World, actor: Actor, group: str, event_id: str, rfi_id: str) -> int:
    """Offer an open RFI to the closest suitable vendors, up to its `max_vendors`.

    Two kinds of offers are closed first: expired ones, of any RFI, and those of this RFI that no
    longer suit its place or category. The event is marked as handled in the same transaction, so a
    second delivery changes nothing. Returns the number of new offers.

    Raises:
        TemporaryError: the store is down.
    """
    await close_expired(world)

    async def work(tx: Repositories) -> tuple[list[Match], list[Match]]:
        if not await tx.handled.mark(group, event_id):
            return [], []
        rfi = await tx.rfis.get(rfi_id)
        if rfi is None or rfi.state is not RfiState.OPEN:
            return [], []
        existing = await tx.matches.of_rfi(rfi_id)
        closed = await _close_unsuitable(world, tx, actor, rfi, existing)
        occupied = sum(match.state in LIVE_STATES for match in existing) - len(closed)
        offered = await _offer(world, tx, actor, rfi, existing, rfi.max_vendors - occupied)
        if offered or closed:
            await tx.rfis.count_matches(rfi_id, len(offered) - len(closed))
        return offered, closed

    offered, closed = await world.store.transact(work)
    for match in closed:
        announcements.match_changed(world, "match.updated", match)
    for match in offered:
        announcements.match_changed(world, "match.offered", match)
    return len(offered)


async def accept(world: World, actor: Actor, match_id: str) -> Match:
    """Accept an offer; this opens the conversation with the customer.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Match, Entry]:
        match = await _own_match(world, tx, actor, match_id)
        vendors.require_not_suspended(await tx.vendors.get(actor.account_id))
        accepted = matches.accept(match, new_id(), now)
        conversation = await _conversation(tx, accepted)
        await tx.matches.save(accepted, MatchState.OFFERED)
        await tx.conversations.add(conversation)
        joined = {"account_id": actor.account_id, "match_id": match.id}
        notice = await add_notice(tx, conversation.id, "participant_joined", joined, actor, now)
        started = {"conversation": _CONVERSATION.write(conversation)}
        await tx.outbox.add(match_event("match.accepted", accepted, actor))
        await tx.outbox.add(event("conversation.started", conversation.id, now, actor, started))
        return accepted, notice

    accepted, notice = await world.store.transact(work)
    announcements.match_changed(world, "match.updated", accepted)
    announcements.entry_added(world, notice)
    return accepted


async def decline(world: World, actor: Actor, match_id: str, reason: str | None) -> Match:
    """Decline an offer; this frees the vendor's capacity and the place on the RFI.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> Match:
        declined = matches.decline(await _own_match(world, tx, actor, match_id), reason, now)
        await tx.matches.save(declined, MatchState.OFFERED)
        await tx.vendors.release(declined.vendor_id)
        await tx.rfis.count_matches(declined.rfi_id, -1)
        await tx.outbox.add(match_event("match.declined", declined, actor))
        return declined

    declined = await world.store.transact(work)
    announcements.match_changed(world, "match.updated", declined)
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


async def _offer(
    world: World, tx: Repositories, actor: Actor, rfi: Rfi, existing: list[Match], places: int
) -> list[Match]:
    if places <= 0:
        return []
    offered: list[Match] = []
    excluded_ids = [match.vendor_id for match in existing]  # no vendor gets two offers of one RFI
    while len(offered) < places:
        still_free = places - len(offered)
        candidates = await tx.vendors.closest(
            rfi.category, rfi.location, still_free + _SPARE_CANDIDATES, excluded_ids
        )
        for nearby in candidates:
            excluded_ids.append(nearby.vendor.id)
            if len(offered) < places and await tx.vendors.reserve(nearby.vendor.id):
                match = matches.offer(new_id(), rfi, nearby, world.clock.now())
                await tx.matches.add(match)
                await tx.outbox.add(match_event("match.offered", match, actor))
                offered.append(match)
        if len(candidates) < still_free + _SPARE_CANDIDATES:
            break  # there are no more
    return offered


async def _close_unsuitable(
    world: World, tx: Repositories, actor: Actor, rfi: Rfi, existing: list[Match]
) -> list[Match]:
    """Close offers whose vendor no longer covers the RFI; accepted ones stay."""
    offered = [match for match in existing if match.state is MatchState.OFFERED]
    if not offered or all(match.rfi_revision == rfi.revision for match in offered):
        return []
    covering = await tx.vendors.covering(
        rfi.category, rfi.location, [match.vendor_id for match in offered]
    )
    closed = []
    for match in offered:
        if match.vendor_id in covering:
            continue
        closed_match = matches.close(match, NO_LONGER_SUITABLE, world.clock.now())
        await tx.matches.save(closed_match, MatchState.OFFERED)
        await tx.vendors.release(match.vendor_id)
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
