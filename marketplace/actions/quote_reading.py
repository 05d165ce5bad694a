"""Reads quotes and their revisions, as far as the reader may see them."""

from collections.abc import Sequence

from marketplace.actions.rfis import visible_rfi
from marketplace.domain import quotes
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.quote_revisions import ComparedRevision, QuoteRevision, revision_of
from marketplace.domain.quotes import Quote, SeenQuote
from marketplace.domain.visibility import SeenRfi
from marketplace.ports import World


async def visible_quotes(world: World, actor: Actor, rfi_id: str) -> list[SeenQuote]:
    """An RFI's quotes: all for its customer, only its own for a vendor.

    Raises:
        ParleyError: `not_found`, as `visible_rfi`.
    """
    rfi, now = await visible_rfi(world, actor, rfi_id), world.clock.now()
    found = [quotes.as_of(quote, now) for quote in await world.store.quotes.of_rfi(rfi_id)]
    if actor.role is Role.VENDOR:
        found = [quote for quote in found if quote.vendor_id == actor.account_id]
    material_revision = await _material_revision(world, rfi, found)
    return [quotes.seen(quote, material_revision) for quote in found]


async def visible_revisions(
    world: World, actor: Actor, quote_id: str, after_revision: int, limit: int
) -> list[ComparedRevision]:
    """The revisions of a quote after a number, in order, at most `limit`, each with its changes.

    Raises:
        ParleyError: `not_found`, also for a quote that the actor may not see; `forbidden`, as
            `visible_rfi`.
    """
    quote = await visible_quote(world, actor, quote_id)
    return await revisions_of(world, quote, after_revision, limit)


async def visible_quote(world: World, actor: Actor, quote_id: str) -> Quote:
    """The quote as it is stored, for its RFI's customer, its vendor and admins.

    Raises:
        ParleyError: `not_found`, also for a quote that the actor may not see; `forbidden`, as
            `visible_rfi`.
    """
    quote = await world.store.quotes.get(quote_id)
    if quote is None:
        raise quotes.not_found()
    is_side = actor.account_id in {quote.customer_id, quote.vendor_id}
    if not (is_side or actor.role is Role.ADMIN):
        raise quotes.not_found()
    await visible_rfi(world, actor, quote.rfi_id)
    return quote


async def revisions_of(
    world: World, quote: Quote, after_revision: int, limit: int
) -> list[ComparedRevision]:
    """The revisions of a quote after a number, in order, at most `limit`, each with its changes.

    Each is compared with the one before it, so one more is read than is returned.
    """
    first = max(after_revision - 1, 0)
    found = await world.store.quotes.revisions(quote.id, first, limit + 1)
    last = found[-1].revision if found else first
    if len(found) <= limit and last < quote.revision:
        # A quote from before revisions were kept has no stored record of its current revision.
        found.append(revision_of(quote))
    befores: list[QuoteRevision | None] = [None, *found]
    compared = [
        ComparedRevision.of(revision, before)
        for before, revision in zip(befores, found, strict=False)
        if revision.revision > after_revision
    ]
    return compared[:limit]


async def _material_revision(world: World, rfi: SeenRfi, found: Sequence[Quote]) -> int:
    """The RFI's newest revision that can change a price, if it is newer than one of the quotes."""
    oldest = min((quote.stands_on for quote in found), default=rfi.revision)
    if oldest >= rfi.revision:
        return 0
    return await world.store.rfis.material_revision(rfi.id, oldest)
