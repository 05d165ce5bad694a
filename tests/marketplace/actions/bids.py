"""An RFI with a quote on it, and what its two sides do."""

from dataclasses import dataclass
from typing import Any

from marketplace.actions import blocks, quote_reading, rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Rfi
from tests.marketplace.actions.stage import Stage


@dataclass(frozen=True, slots=True)
class Bid:
    """A customer's open RFI, and a vendor's quote on it."""

    stage: Stage
    customer: Actor
    vendor: Actor
    rfi: Rfi
    quote: Quote

    async def revise(self, content: dict[str, Any]) -> Rfi:
        """Let the customer revise the RFI, whatever its revision is."""
        return await rfis.revise(self.stage.world, self.customer, self.rfi.id, None, content)

    async def seen(self, actor: Actor | None = None) -> Any:
        """The quote as the customer, or somebody else, reads it."""
        reader = actor or self.customer
        (quote,) = await quote_reading.visible_quotes(self.stage.world, reader, self.rfi.id)
        return quote

    async def notices(self) -> list[str | None]:
        """The codes of the conversation's notices since the first quote."""
        entries = await self.stage.store.entries.after(self.quote.conversation_id, 2, 100)
        return [entry.code for entry in entries]

    async def block(self) -> None:
        """Let the customer block the conversation."""
        await blocks.block(self.stage.world, self.customer, self.quote.conversation_id)


async def a_bid(stage: Stage, **figures: object) -> Bid:
    """An open RFI with one vendor, which has quoted."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer, max_vendors=1)
    await stage.offered(rfi)
    return Bid(stage, customer, vendor, rfi, await stage.quoted(vendor, rfi, **figures))
