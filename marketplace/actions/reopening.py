"""Opens again what an award had closed, when the award is cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import match_event, quote_event
from marketplace.actions.offers import is_answered
from marketplace.domain import awards, lifetimes, matches, quotes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import LIVE_STATES, Match, MatchState
from marketplace.domain.quotes import ClosedReason, Quote, QuoteState
from marketplace.domain.rfis import Revision, Rfi
from marketplace.ports import Repositories, World


@dataclass(slots=True)
class Reopening:
    """What changed when an award was cancelled, to be announced after the commit.

    `reason` is what the customer says to the vendor that had won.
    """

    rfi: Rfi
    revision: Revision
    winner_id: str | None
    reason: str | None
    matches: list[Match] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    notices: list[Entry] = field(default_factory=list)
    items: list[FeedItem] = field(default_factory=list)

    async def announce(self, world: World) -> None:
        """Push every change to whom it concerns."""
        announcements.rfi_changed(world, self.revision)
        announcements.access_changed(world, *(match.vendor_id for match in self.matches))
        for notice in self.notices:
            announcements.entry_added(world, notice)
        await account_feed.tell(world, self.items)


async def reopen(world: World, tx: Repositories, actor: Actor, reopening: Reopening) -> None:
    """Give each vendor that was on the RFI its place again, if it has one, and then its quote."""
    rfi = reopening.rfi
    for match in await tx.matches.of_rfi(rfi.id):
        if awards.was_on(match, reopening.winner_id):
            reopening.matches.append(await _reopen_match(tx, actor, reopening, match))
    live = [match for match in reopening.matches if match.state in LIVE_STATES]
    await tx.rfis.count_matches(rfi.id, len(live) - rfi.match_count)
    await _reopen_quotes(tx, actor, reopening, {match.vendor_id for match in live})
    for match in live:
        if not await is_answered(tx, match):
            await tx.timers.set_many(lifetimes.timers_of_match(match, world.policy))
    await _add_notices(tx, actor, reopening)
    reopening.items = await tx.feed.append(_items(reopening))


async def _reopen_match(
    tx: Repositories, actor: Actor, reopening: Reopening, match: Match
) -> Match:
    """The match, live again; closed for good if its vendor has no free place or has left."""
    now = reopening.revision.at
    if await tx.vendors.reserve(match.vendor_id):
        if match.state is MatchState.ACCEPTED:  # the winner's, which only freed its place
            return match
        current = awards.restored(match, now)
        is_offer = current.state is MatchState.OFFERED
        name = "match.offered" if is_offer else "match.accepted"
    else:
        reason = awards.reason_of_absence(await tx.vendors.get(match.vendor_id))
        current, name = matches.close(match, reason, now), "match.closed"
    await tx.matches.save(current, match.state)
    await tx.outbox.add(match_event(name, current, actor))
    return current


async def _reopen_quotes(
    tx: Repositories, actor: Actor, reopening: Reopening, vendor_ids: set[str]
) -> None:
    now = reopening.revision.at
    closed = [
        quote
        for quote in await tx.quotes.of_rfi(reopening.rfi.id)
        if quote.state is QuoteState.AWARDED or quote.closed_reason == ClosedReason.RFI_AWARDED
    ]
    material_revision = await _material_revision(tx, reopening.rfi, closed)
    for quote in closed:
        current = (
            quotes.reopen(quote, now)
            if quote.vendor_id in vendor_ids
            else quotes.close(quote, ClosedReason.MATCH_CLOSED, now)
        )
        await tx.quotes.save(current)
        await tx.timers.set_many(lifetimes.timers_of_quote(current))
        shown = quotes.seen(current, material_revision)
        await tx.outbox.add(quote_event("quote.updated", shown, actor))
        reopening.quotes.append(shown)


def _items(reopening: Reopening) -> list[FeedItem]:
    """What each account is told: of an offer that is made again, as of a new one."""
    offered = [match for match in reopening.matches if match.state is MatchState.OFFERED]
    others = [match for match in reopening.matches if match.state is not MatchState.OFFERED]
    return [
        *account_feed.match_items("match.offered", offered),
        *account_feed.match_items("match.updated", others),
        *account_feed.quote_items("quote.updated", reopening.quotes),
    ]


async def _material_revision(tx: Repositories, rfi: Rfi, found: Sequence[Quote]) -> int:
    if not found:
        return 0
    return await tx.rfis.material_revision(rfi.id, min(quote.stands_on for quote in found))


async def _add_notices(tx: Repositories, actor: Actor, reopening: Reopening) -> None:
    """Tell each conversation that the award was cancelled, and whether its vendor is on the RFI."""
    for match in reopening.matches:
        if match.conversation_id is None:
            continue
        data = {"rfi_id": match.rfi_id, "is_reopened": match.state in LIVE_STATES}
        if match.vendor_id == reopening.winner_id:
            data["reason"] = reopening.reason
        notice = await add_notice(
            tx, match.conversation_id, awards.CANCELLED, data, actor, reopening.revision.at
        )
        reopening.notices.append(notice)
