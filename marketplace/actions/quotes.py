"""A vendor quotes, and quotes again."""

from collections.abc import Mapping
from typing import Any

from marketplace.actions import announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import quote_event
from marketplace.actions.rfis import visible_rfi
from marketplace.domain import conversations, quotes, rfis, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Entry
from marketplace.domain.ids import new_id
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, World


async def submit(
    world: World, actor: Actor, rfi_id: str, figures: Mapping[str, Any]
) -> tuple[Quote, bool]:
    """Quote on an RFI one has accepted; a second quote replaces the first's figures.

    Returns the quote, and whether it is a new one.

    Raises:
        ParleyError: `forbidden`, `not_found`, `wrong_state`, `blocked`; `stale_revision` when the RFI has
            changed since the revision the vendor looked at.
    """
    actor.require(Role.VENDOR)
    now = world.clock.now()

    async def work(tx: Repositories) -> tuple[Quote, Entry, bool]:
        rfi = await tx.rfis.get(rfi_id)
        match = await tx.matches.of_pair(rfi_id, actor.account_id)
        if rfi is None or match is None:
            raise ParleyError(Code.NOT_FOUND, "You have no RFI with this id.")
        vendors.require_not_suspended(await tx.vendors.get(actor.account_id))
        if rfi.state is not RfiState.OPEN:
            raise ParleyError(
                Code.WRONG_STATE, f"The RFI is {rfi.state}; only an open one is quoted."
            )
        rfis.require_revision(rfi, figures["rfi_revision"])
        conversation = await tx.conversations.get(match.conversation_id or "")
        if conversation is not None:
            conversations.require_open(conversation, actor)
        before = await tx.quotes.of_pair(rfi_id, actor.account_id)
        if before is None:
            quote = quotes.submit(new_id(), match, figures, now)
            await tx.quotes.add(quote)
        else:
            quote = quotes.revise(before, figures, now)
            await tx.quotes.save(quote)
        name = "quote.submitted" if before is None else "quote.updated"
        await tx.outbox.add(quote_event(name, quote, actor))
        told = {
            "quote_id": quote.id,
            "amount_minor": quote.amount_minor,
            "currency": quote.currency,
        }
        code = name.replace(".", "_")
        notice = await add_notice(tx, quote.conversation_id, code, told, actor, now)
        await tx.rfis.guard(rfi_id)
        return quote, notice, before is None

    quote, notice, is_new = await world.store.transact(work)
    announcements.quote_changed(world, "quote.submitted" if is_new else "quote.updated", quote)
    announcements.entry_added(world, notice)
    return quote, is_new


async def visible_quotes(world: World, actor: Actor, rfi_id: str) -> list[Quote]:
    """An RFI's quotes: all for its customer, a vendor's own for the vendor.

    Raises:
        ParleyError: `not_found`, as `visible_rfi`.
    """
    await visible_rfi(world, actor, rfi_id)
    found = await world.store.quotes.of_rfi(rfi_id)
    if actor.role is Role.VENDOR:
        return [each for each in found if each.vendor_id == actor.account_id]
    return found
