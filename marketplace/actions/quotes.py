"""A vendor submits, revises, confirms and withdraws its quote; the customer declines it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.actions import account_feed, announcements, attachments
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import quote_event
from marketplace.actions.offers import MARKETPLACE
from marketplace.domain import conversations, decisions, lifetimes, quotes, rfis, vendors
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind
from marketplace.domain.conversations import Entry
from marketplace.domain.matches import Match
from marketplace.domain.quote_lines import lines_of
from marketplace.domain.quote_revisions import revision_of
from marketplace.domain.quotes import ClosedReason, Quote
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, World


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """A changed quote and the notice of it, to be announced after the commit.

    Without a notice nothing has changed.
    """

    quote: Quote
    notice: Entry | None = None
    items: Sequence[FeedItem] = ()

    async def announce(self, world: World) -> None:
        """Push the change to both sides."""
        if self.notice is not None:
            announcements.entry_added(world, self.notice)
        await account_feed.tell(world, self.items)


async def submit(
    world: World, actor: Actor, rfi_id: str, payload: Mapping[str, Any]
) -> tuple[Quote, bool]:
    """Quote on an RFI that the vendor has accepted; a second quote revises the first one.

    So does a quote after one that was withdrawn, declined, or has expired. Returns the quote, and
    whether it is new.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`, `blocked`; `stale_revision` if the RFI
            has changed since the revision that the vendor read; `validation_failed` for a currency
            other than the budget's, a `valid_until` in the past, a total that does not follow from
            the lines, and an attachment that the vendor may not use.
    """
    actor.require(Role.VENDOR)
    figures, now = _figures(payload), world.clock.now()

    async def work(tx: Repositories) -> tuple[Quote, Entry, list[FeedItem]]:
        match = await _quotable(tx, actor, rfi_id, figures)
        before = await tx.quotes.of_pair(rfi_id, actor.account_id)
        if before is None:
            quote = quotes.submit(new_id(), match, figures, now)
            await tx.quotes.add(quote)
        else:
            quote = quotes.revise(quotes.as_of(before, now), figures, now)
            await tx.quotes.keep_revision(revision_of(before))
            await tx.quotes.save(quote)
        await tx.quotes.keep_revision(revision_of(quote))
        if quote.attachment_ids:  # those of earlier revisions stay the quote's too
            owner = Owner(OwnerKind.QUOTE, quote.id)
            await attachments.use(tx, actor, owner, quote.attachment_ids)
        answered = lifetimes.answer_timer_ids(match.id)
        await tx.timers.cancel(answered + lifetimes.quote_timer_ids(quote.id))
        await tx.timers.set_many(lifetimes.timers_of_quote(quote))
        name = _event_of(quote)
        await tx.outbox.add(quote_event(name, quote, actor))
        data = {"amount_minor": quote.amount_minor, "currency": quote.currency}
        notice = await _add_notice(tx, actor, quote, name.replace(".", "_"), data, now)
        await tx.rfis.guard(rfi_id)
        return quote, notice, await tx.feed.append(account_feed.quote_items(name, [quote]))

    quote, notice, items = await world.store.transact(work)
    announcements.entry_added(world, notice)
    await account_feed.tell(world, items)
    return quote, quote.revision == 1


async def confirm(world: World, actor: Actor, quote_id: str, rfi_revision: int | None) -> Quote:
    """Confirm the vendor's quote for a later revision of the RFI: the current one.

    Without `rfi_revision`, the current revision is taken as read. Confirming a quote that is not
    outdated changes nothing.

    Raises:
        ParleyError: `not_found`, `forbidden`, `blocked`; `stale_revision` if the RFI has changed
            since `rfi_revision`; `wrong_state` if the quote cannot be awarded any more, or its
            currency is no longer the budget's.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> QuoteStep:
        before, rfi = await _own_quote(world, tx, actor, quote_id)
        rfis.require_revision(rfi, rfi_revision)
        quote = quotes.confirm(before, rfi.revision, now)
        if rfi.budget is not None and quote.currency != rfi.budget.currency:
            raise ParleyError(
                Code.WRONG_STATE,
                f"The budget is in {rfi.budget.currency} now. Submit the quote in this currency.",
            )
        await _require_open(tx, actor, quote)
        material_revision = await tx.rfis.material_revision(rfi.id, before.stands_on)
        if quotes.outdated_by(before, material_revision) is None:
            return QuoteStep(before)
        data = {"rfi_revision": rfi.revision}
        return await _saved(tx, actor, quote, "quote_confirmed", data, now)

    step = await world.store.transact(work)
    await step.announce(world)
    return step.quote


async def withdraw(world: World, actor: Actor, quote_id: str, reason: str | None) -> Quote:
    """Withdraw the vendor's quote; it may quote again. Withdrawing twice changes nothing.

    Raises:
        ParleyError: `not_found`, `forbidden`; `wrong_state` if the quote was awarded, or is closed;
            `blocked` for a reason that would reach the other side of a blocked conversation.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> QuoteStep:
        quote, _ = await _own_quote(world, tx, actor, quote_id)
        return await _ended(tx, actor, quote, ClosedReason.WITHDRAWN, reason, now)

    step = await world.store.transact(work)
    await step.announce(world)
    return step.quote


async def decline(
    world: World, actor: Actor, quote_id: str, quote_revision: int | None, reason: str | None
) -> Quote:
    """Decline a quote on the customer's RFI; the vendor may quote again. Twice changes nothing.

    Raises:
        ParleyError: `not_found`, `forbidden`; `stale_revision` if the vendor has revised the quote
            since `quote_revision`; `wrong_state` and `blocked`, as `withdraw`.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> QuoteStep:
        quote = await _received_quote(world, tx, actor, quote_id)
        if quote_revision is not None:
            quotes.require_revision(quote, quote_revision)
        return await _ended(tx, actor, quote, ClosedReason.DECLINED, reason, now)

    step = await world.store.transact(work)
    await step.announce(world)
    return step.quote


async def expire(world: World, tx: Repositories, quote: Quote) -> QuoteStep | None:
    """Close a quote whose time is over, with the decision that it is; None if it is not."""
    wait, now = lifetimes.quote_wait(quote), world.clock.now()
    if wait is None:
        return None
    inputs = lifetimes.expiry_inputs(wait, now)
    decision = decisions.take(lifetimes.EXPIRY, new_id(), quote.id, inputs, MARKETPLACE, now)
    if not decision.outcome["is_expired"]:
        return None
    await tx.decisions.add(decision)
    return await _saved(tx, MARKETPLACE, quotes.as_of(quote, now), "quote_expired", {}, now)


def _event_of(quote: Quote) -> str:
    return "quote.submitted" if quote.revision == 1 else "quote.updated"


def _figures(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Validated payload fields as the domain represents them."""
    return {
        **payload,
        "lines": lines_of(payload.get("lines", ())),
        "attachment_ids": tuple(payload.get("attachment_ids", ())),
    }


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


async def _own_quote(
    world: World, tx: Repositories, actor: Actor, quote_id: str
) -> tuple[Quote, Rfi]:
    """The vendor's quote and its RFI, if the vendor still sees the RFI and may act."""
    quote, rfi = await _known_quote(world, tx, actor, quote_id)
    if quote.vendor_id != actor.account_id:
        raise ParleyError(Code.FORBIDDEN, "Only the vendor that quoted may do this.")
    vendors.require_not_suspended(await tx.vendors.get(actor.account_id))
    return quote, rfi


async def _received_quote(world: World, tx: Repositories, actor: Actor, quote_id: str) -> Quote:
    quote, _ = await _known_quote(world, tx, actor, quote_id)
    if quote.customer_id != actor.account_id:
        raise ParleyError(Code.FORBIDDEN, "Only the customer of the RFI may do this.")
    return quote


async def _known_quote(
    world: World, tx: Repositories, actor: Actor, quote_id: str
) -> tuple[Quote, Rfi]:
    """A quote that the actor may know of: the customer, its vendor while it sees the RFI, admins."""
    quote = await tx.quotes.get(quote_id)
    rfi = await tx.rfis.get(quote.rfi_id) if quote is not None else None
    if quote is None or rfi is None:
        raise quotes.not_found()
    if actor.role is Role.ADMIN or quote.customer_id == actor.account_id:
        return quote, rfi
    match = await tx.matches.get(quote.match_id)
    is_own = quote.vendor_id == actor.account_id and match is not None
    if not is_own or match is None or not world.current_match(match).shows_rfi:
        raise quotes.not_found()
    return quote, rfi


async def _ended(
    tx: Repositories,
    actor: Actor,
    before: Quote,
    reason: ClosedReason,
    note: str | None,
    now: datetime,
) -> QuoteStep:
    quote = quotes.end(before, reason, now, note)
    if quote is before:
        return QuoteStep(quote)
    if note is not None:
        await _require_open(tx, actor, quote)
    return await _saved(tx, actor, quote, f"quote_{reason}", {"reason": note}, now)


async def _saved(
    tx: Repositories, actor: Actor, quote: Quote, code: str, data: dict[str, Any], now: datetime
) -> QuoteStep:
    """Save a changed quote with its timers, its event, its notice and its items."""
    await tx.quotes.save(quote)
    await tx.timers.cancel(lifetimes.quote_timer_ids(quote.id))
    await tx.timers.set_many(lifetimes.timers_of_quote(quote))
    await tx.outbox.add(quote_event("quote.updated", quote, actor))
    await tx.rfis.guard(quote.rfi_id)
    notice = await _add_notice(tx, actor, quote, code, data, now)
    items = await tx.feed.append(account_feed.quote_items("quote.updated", [quote], now))
    return QuoteStep(quote, notice, items)


async def _add_notice(
    tx: Repositories, actor: Actor, quote: Quote, code: str, data: dict[str, Any], now: datetime
) -> Entry:
    named = {"quote_id": quote.id, "quote_revision": quote.revision, **data}
    return await add_notice(tx, quote.conversation_id, code, named, actor, now)


async def _require_open(tx: Repositories, actor: Actor, quote: Quote) -> None:
    conversation = await tx.conversations.get(quote.conversation_id)
    if conversation is not None:
        conversations.require_open(conversation, actor)
