"""A vendor submits and revises quotes."""

from collections.abc import Mapping
from typing import Any

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import quote_event
from marketplace.actions.rfis import visible_rfi
from marketplace.domain import conversations, lifetimes, quotes, rfis, vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import Match
from marketplace.domain.quotes import Quote, QuoteRevision
from marketplace.domain.rfis import RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World


async def submit(
    world: World, actor: Actor, rfi_id: str, figures: Mapping[str, Any]
) -> tuple[Quote, bool]:
    """Quote on an RFI that the vendor has accepted; a second quote revises the first one.

    Returns the quote, and whether it is new.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`, `blocked`; `stale_revision` if the RFI
            has changed since the revision that the vendor read; `validation_failed` for a currency
            other than the budget's, and for a `valid_until` in the past.
    """
    actor.require(Role.VENDOR)
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Quote, Entry, list[FeedItem]]:
        match = await _quotable(tx, actor, rfi_id, figures)
        before = await tx.quotes.of_pair(rfi_id, actor.account_id)
        if before is None:
            quote = quotes.submit(new_id(), match, figures, now)
            await tx.quotes.add(quote)
            await tx.timers.cancel(lifetimes.answer_timer_ids(match.id))
        else:
            quote = quotes.revise(before, figures, now)
            await tx.quotes.keep_revision(quotes.revision_of(before))
            await tx.quotes.save(quote)
        await tx.quotes.keep_revision(quotes.revision_of(quote))
        name = _event_of(quote)
        await tx.outbox.add(quote_event(name, quote, actor))
        notice_data = {
            "quote_id": quote.id,
            "quote_revision": quote.revision,
            "amount_minor": quote.amount_minor,
            "currency": quote.currency,
        }
        code = name.replace(".", "_")
        notice = await add_notice(tx, quote.conversation_id, code, notice_data, actor, now)
        await tx.rfis.guard(rfi_id)
        return quote, notice, await tx.feed.append(account_feed.quote_items(name, [quote]))

    quote, notice, items = await world.store.transact(work)
    announcements.entry_added(world, notice)
    await account_feed.tell(world, items)
    return quote, quote.revision == 1


async def visible_revisions(
    world: World, actor: Actor, quote_id: str, after_revision: int, limit: int
) -> list[QuoteRevision]:
    """The revisions of a quote after a number, in order, at most `limit`.

    Raises:
        ParleyError: `not_found`, also for a quote that the actor may not see; `forbidden`, as
            `visible_rfi`.
    """
    quote = await world.store.quotes.get(quote_id)
    if quote is None:
        raise _quote_not_found()
    rfi = await world.store.rfis.get(quote.rfi_id)
    is_customer = rfi is not None and rfi.customer_id == actor.account_id
    if not (is_customer or actor.role is Role.ADMIN or quote.vendor_id == actor.account_id):
        raise _quote_not_found()
    await visible_rfi(world, actor, quote.rfi_id)
    revisions = await world.store.quotes.revisions(quote_id, after_revision, limit)
    last = revisions[-1].revision if revisions else after_revision
    if len(revisions) < limit and last < quote.revision:
        # A quote from before revisions were kept has no stored record of its current revision.
        revisions.append(quotes.revision_of(quote))
    return revisions


async def visible_quotes(world: World, actor: Actor, rfi_id: str) -> list[Quote]:
    """An RFI's quotes: all for its customer, only its own for a vendor.

    Raises:
        ParleyError: `not_found`, as `visible_rfi`.
    """
    await visible_rfi(world, actor, rfi_id)
    visible = await world.store.quotes.of_rfi(rfi_id)
    if actor.role is Role.VENDOR:
        return [quote for quote in visible if quote.vendor_id == actor.account_id]
    return visible


def _event_of(quote: Quote) -> str:
    return "quote.submitted" if quote.revision == 1 else "quote.updated"


async def _quotable(
    tx: Repositories, actor: Actor, rfi_id: str, figures: Mapping[str, Any]
) -> Match:
    """The vendor's match on an RFI, if it accepts a quote with these figures now."""
    rfi = await tx.rfis.get(rfi_id)
    match = await tx.matches.of_pair(rfi_id, actor.account_id)
    if rfi is None or match is None:
        raise ParleyError(Code.NOT_FOUND, "You have no RFI with this id.")
    vendors.require_not_suspended(await tx.vendors.get(actor.account_id))
    if rfi.state is not RfiState.OPEN:
        raise ParleyError(
            Code.WRONG_STATE, f"The RFI is {rfi.state}; only an open RFI accepts quotes."
        )
    rfis.require_revision(rfi, figures["rfi_revision"])
    quotes.require_accepted(match)
    quotes.require_currency(figures, rfi.budget)
    conversation = await tx.conversations.get(match.conversation_id or "")
    if conversation is not None:
        conversations.require_open(conversation, actor)
    return match


def _quote_not_found() -> ParleyError:
    return ParleyError(Code.NOT_FOUND, "You have no quote with this id.")
