"""An in-memory marketplace with shortcuts to an RFI, its matches and its quotes."""

from dataclasses import dataclass, field

from marketplace.actions import matches, quotes, rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match
from marketplace.domain.quotes import Quote
from marketplace.domain.rfis import Rfi
from marketplace.domain.vendors import Vendor
from marketplace.ports import World
from tests import memory
from tests.builders import (
    FixedClock,
    a_vendor,
    an_account,
    quote_figures,
    rfi_content,
)


@dataclass
class Stage:
    """An in-memory world, and shortcuts for the people who act in it."""

    clock: FixedClock = field(default_factory=FixedClock)
    live: memory.Live = field(default_factory=memory.Live)

    def __post_init__(self) -> None:
        self.store = memory.Store(self.clock)
        self.world: World = memory.a_world(store=self.store, clock=self.clock, live=self.live)

    async def customer(self) -> Actor:
        """A registered customer."""
        account = an_account()
        await self.store.accounts.add(account)
        return Actor(account.id, Role.CUSTOMER)

    async def vendor(self, **named: object) -> Actor:
        """An active vendor."""
        vendor: Vendor = a_vendor(**named)
        await self.store.accounts.add(an_account(id=vendor.id, role=Role.VENDOR))
        await self.store.vendors.add(vendor)
        return Actor(vendor.id, Role.VENDOR)

    async def submitted(self, customer: Actor, **content: object) -> Rfi:
        """An RFI that has been drafted and submitted."""
        drafted = await rfis.draft(self.world, customer, rfi_content(**content))
        return await rfis.submit(self.world, customer, drafted.id, 1)

    async def offered(self, rfi: Rfi) -> dict[str, Match]:
        """Match the RFI; returns the matches by vendor."""
        system = Actor("matching", Role.SYSTEM)
        await matches.match_rfi(self.world, system, "matching", f"event-of-{rfi.id}", rfi.id)
        return {match.vendor_id: match for match in await self.store.matches.of_rfi(rfi.id)}

    async def quoted(self, vendor: Actor, rfi: Rfi, **figures: object) -> Quote:
        """Accept the offer and quote."""
        match = await self.store.matches.of_pair(rfi.id, vendor.account_id)
        assert match is not None
        await matches.accept(self.world, vendor, match.id)
        content = quote_figures(rfi_revision=rfi.revision, **figures)
        quote, _ = await quotes.submit(self.world, vendor, rfi.id, content)
        return quote

    async def open_matches(self, vendor: Actor) -> int:
        """How many of its places a vendor uses."""
        found = await self.store.vendors.get(vendor.account_id)
        assert found is not None
        return found.open_matches

    def event_names(self) -> list[str]:
        """The names of the events in the outbox, in order."""
        return [event.name for event in self.store.tables.outbox.values()]
