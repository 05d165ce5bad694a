"""Award an RFI to a quote, and cancel the award."""

from marketplace.actions import account_feed
from marketplace.actions.closing import Closing, close_rest
from marketplace.actions.events import quote_event, rfi_event
from marketplace.actions.reopening import Reopening, reopen
from marketplace.actions.rfis import own_rfi, take_quota
from marketplace.domain import awards, conversations, lifetimes, quotes
from marketplace.domain.accounts import Actor
from marketplace.domain.awards import Award
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Expected, Rfi
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, World


async def award(
    world: World,
    actor: Actor,
    rfi_id: str,
    expected: Expected,
    quote_id: str,
    quote_revision: int,
) -> Rfi:
    """Award the RFI to one quote; its other matches and quotes are closed in the same transaction.

    A quote that the vendor has not confirmed since the RFI changed can be awarded; the RFI then says
    so (`is_award_outdated`).

    Raises:
        ParleyError: `not_found`, `wrong_state`; `stale_revision` if the RFI or the quote has
            changed since the customer decided.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> Closing:
        before = await own_rfi(tx, actor, rfi_id, expected)
        quote = await tx.quotes.get(quote_id)
        if quote is None or quote.rfi_id != rfi_id:
            raise ParleyError(Code.NOT_FOUND, "The RFI has no quote with this id.")
        material_revision = await tx.rfis.material_revision(rfi_id, quote.stands_on)
        given = _award_of(world, quote, material_revision)
        closing = Closing.of(*awards.award(before, given, actor, now))
        quotes.require_revision(quote, quote_revision)
        won = quotes.award(quote, now)
        await tx.rfis.save(closing.rfi, closing.revision)
        await tx.quotes.save(won)
        shown = quotes.seen(won, material_revision)
        closing.quotes.append(shown)
        await tx.outbox.add(rfi_event("rfi.awarded", closing.rfi, closing.revision, actor))
        await tx.outbox.add(quote_event("quote.updated", shown, actor))
        await close_rest(world, tx, actor, closing)
        recipient_ids = [closing.rfi.customer_id, *closing.vendor_ids]
        await closing.add_items(tx, *account_feed.award_items(closing.rfi, recipient_ids))
        return closing

    closing = await world.store.transact(work)
    await closing.announce(world)
    return closing.rfi


async def cancel(
    world: World, actor: Actor, rfi_id: str, expected: Expected, reason: str | None
) -> Rfi:
    """Cancel the award: the RFI, and what the award had closed, is open again.

    A vendor without a free place does not return. The winner's quote is a quote like the others.

    Raises:
        ParleyError: `not_found`, `stale_revision`; `wrong_state` unless the RFI is awarded, and the
            award can still be cancelled; `at_capacity` above the account's quotas; `blocked` for a
            reason that would reach a vendor across a block.
    """
    now = world.clock.now()

    async def work(tx: Repositories) -> Reopening:
        before = await own_rfi(tx, actor, rfi_id, expected)
        opened, revision = awards.cancel(before, actor, now)
        after, revision = lifetimes.reopened(opened, revision, world.policy)
        await take_quota(
            world, tx, after, new_rfis=1, vendor_places=after.max_vendors, is_submission=False
        )
        if reason is not None:
            await _require_open(tx, actor, before)
        await tx.rfis.save(after, revision)
        await tx.timers.set_many(lifetimes.timers_of_rfi(after, world.policy))
        await tx.outbox.add(rfi_event("rfi.revised", after, revision, actor))
        reopening = Reopening(after, revision, before.awarded_vendor_id, reason)
        await reopen(world, tx, actor, reopening)
        return reopening

    reopening = await world.store.transact(work)
    await reopening.announce(world)
    return reopening.rfi


def _award_of(world: World, quote: Quote, material_revision: int) -> Award:
    return Award(
        quote.id,
        quote.revision,
        quote.vendor_id,
        cancellable_until=world.clock.now() + world.policy.award_cancellable,
        is_outdated=quotes.outdated_by(quote, material_revision) is not None,
    )


async def _require_open(tx: Repositories, actor: Actor, rfi: Rfi) -> None:
    """Refuse to say anything to a winner whose conversation is blocked."""
    match = await tx.matches.of_pair(rfi.id, rfi.awarded_vendor_id or "")
    conversation_id = match.conversation_id if match is not None else None
    conversation = await tx.conversations.get(conversation_id or "")
    if conversation is not None:
        conversations.require_open(conversation, actor)
