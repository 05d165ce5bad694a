"""Ends an RFI: whatever is still live on it is closed in the same transaction."""

from dataclasses import dataclass, field
from typing import Self

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import match_event, quote_event, rfi_event
from marketplace.domain import lifetimes, matches, quotes, rfis
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import LIVE_STATES, Match
from marketplace.domain.quotes import ClosedReason, Quote, QuoteState
from marketplace.domain.rfis import Revision, Rfi
from marketplace.ports import Repositories, World


@dataclass(slots=True)
class Closing:
    """What changed when an RFI ended, to be announced after the commit."""

    rfi: Rfi
    revision: Revision
    matches: list[Match] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    notices: list[Entry] = field(default_factory=list)
    vendor_ids: list[str] = field(default_factory=list)
    items: list[FeedItem] = field(default_factory=list)

    @classmethod
    def of(cls, rfi: Rfi, revision: Revision) -> Self:
        """The closing of an RFI that has just ended and so no longer expires."""
        return cls(*rfis.expiring(rfi, revision, None))

    async def add_items(self, tx: Repositories, *more: FeedItem) -> None:
        """Add what ended, and then `more`, to the feeds of the accounts concerned."""
        self.items = await tx.feed.append(
            [
                *account_feed.match_items("match.updated", self.matches),
                *account_feed.quote_items("quote.updated", self.quotes, self.revision.at),
                *more,
            ]
        )

    async def announce(self, world: World) -> None:
        """Push every change to whom it concerns."""
        announcements.rfi_changed(world, self.revision)
        announcements.access_changed(world, *(match.vendor_id for match in self.matches))
        for notice in self.notices:
            announcements.entry_added(world, notice)
        await account_feed.tell(world, self.items)


async def end_withdrawn(
    world: World, tx: Repositories, actor: Actor, rfi: Rfi, revision: Revision
) -> Closing:
    """Save an RFI that ended without an award, with its event and all that ends with it."""
    closing = Closing.of(rfi, revision)
    await tx.rfis.save(closing.rfi, closing.revision)
    await tx.outbox.add(rfi_event("rfi.withdrawn", closing.rfi, closing.revision, actor))
    await close_rest(world, tx, actor, closing)
    await closing.add_items(tx)
    return closing


async def close_rest(world: World, tx: Repositories, actor: Actor, closing: Closing) -> None:
    """Close what is still live on an RFI that ended, and free the vendors' capacity.

    The winner's match stays `accepted`: its conversation continues.
    """
    rfi, now = closing.rfi, closing.revision.at
    reason = f"rfi_{rfi.state}"
    timer_ids = lifetimes.rfi_timer_ids(rfi.id)
    data = {"rfi_id": rfi.id}
    if rfi.ended_reason is not None:
        data["ended_reason"] = rfi.ended_reason
    for match in await tx.matches.of_rfi(rfi.id):
        if match.state not in LIVE_STATES:
            continue
        timer_ids += lifetimes.match_timer_ids(match.id)
        await tx.vendors.release(match.vendor_id)
        closed_match = world.current_match(match)
        if closed_match.state in LIVE_STATES:
            closing.vendor_ids.append(match.vendor_id)
            closed_match = matches.close(match, reason, now)
        if match.conversation_id is not None:
            notice = await add_notice(tx, match.conversation_id, reason, data, actor, now)
            closing.notices.append(notice)
        if match.vendor_id == rfi.awarded_vendor_id:
            continue
        await tx.matches.save(closed_match, match.state)
        await tx.outbox.add(match_event("match.closed", closed_match, actor))
        closing.matches.append(closed_match)
    for quote in await tx.quotes.of_rfi(rfi.id):
        timer_ids += lifetimes.quote_timer_ids(quote.id)
        if quote.state is QuoteState.SUBMITTED:
            closed_quote = quotes.as_of(quote, now)
            if closed_quote.state is QuoteState.SUBMITTED:
                closed_quote = quotes.close(quote, ClosedReason(reason), now)
            await tx.quotes.save(closed_quote)
            await tx.outbox.add(quote_event("quote.updated", closed_quote, actor))
            closing.quotes.append(closed_quote)
    await tx.timers.cancel(timer_ids)
