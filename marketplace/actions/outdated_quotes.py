"""Asks vendors to confirm their quotes when the RFI changes in a way that can change a price.

Whether a quote is outdated follows from the RFI's revisions and is not stored with the quote, so it
is true of every quote, whichever version revised the RFI.
"""

from dataclasses import dataclass, field

from marketplace.actions import account_feed, announcements
from marketplace.actions.conversations import add_notice
from marketplace.actions.events import quote_event
from marketplace.domain import quotes
from marketplace.domain.account_feed import FeedItem
from marketplace.domain.accounts import Actor
from marketplace.domain.conversations import Entry
from marketplace.domain.quotes import QuoteState, SeenQuote
from marketplace.domain.rfis import Revision, Rfi, RfiState, material_fields
from marketplace.ports import Repositories, World


@dataclass(frozen=True, slots=True)
class OutdatedQuotes:
    """The quotes that a revision has outdated, to be announced after the commit."""

    notices: list[Entry] = field(default_factory=list)
    items: list[FeedItem] = field(default_factory=list)

    async def announce(self, world: World) -> None:
        """Push them to both sides."""
        for notice in self.notices:
            announcements.entry_added(world, notice)
        await account_feed.tell(world, self.items)


async def newly_outdated(tx: Repositories, rfi: Rfi, revision: Revision) -> list[SeenQuote]:
    """The quotes that a revision outdates, found before it is saved.

    A quote that was outdated already is not among them: its vendor has been asked.
    """
    paths = (change.path for change in revision.changes)
    if rfi.state is not RfiState.OPEN or not material_fields(paths):
        return []
    submitted = [
        quote
        for quote in await tx.quotes.of_rfi(rfi.id)
        if quotes.as_of(quote, revision.at).state is QuoteState.SUBMITTED
    ]
    if not submitted:
        return []
    oldest = min(quote.stands_on for quote in submitted)
    before = await tx.rfis.material_revision(rfi.id, oldest)
    return [
        quotes.seen(quote, rfi.revision)
        for quote in submitted
        if quotes.outdated_by(quote, before) is None
    ]


async def ask_for_confirmation(
    tx: Repositories, actor: Actor, revision: Revision, outdated: list[SeenQuote]
) -> OutdatedQuotes:
    """Add an event, a notice and items for each quote that the saved revision outdates."""
    items = account_feed.quote_items("quote.updated", outdated, revision.at)
    told = OutdatedQuotes(items=await tx.feed.append(items))
    for quote in outdated:
        await tx.outbox.add(quote_event("quote.updated", quote, actor, revision.at))
        data = {
            "quote_id": quote.id,
            "quote_revision": quote.revision,
            "rfi_revision": revision.revision,
        }
        notice = await add_notice(
            tx, quote.conversation_id, "quote_outdated", data, actor, revision.at
        )
        told.notices.append(notice)
    return told
