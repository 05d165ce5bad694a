"""Everything that happened to an RFI, for those who may see it."""

from dataclasses import dataclass, field

import pytest

from marketplace.actions import awards, matches, rfis, timelines
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.pages import PageRequest
from marketplace.domain.rfis import Revision, Rfi
from marketplace.domain.timelines import Source, TimelineItem
from marketplace.errors import Code
from tests.builders import an_actor
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


@dataclass
class Deal:
    """An awarded RFI: one vendor won, one lost with a quote, one declined."""

    stage: Stage
    customer: Actor
    rfi: Rfi
    winner: Actor
    loser: Actor
    declining: Actor
    names: dict[str, str] = field(default_factory=dict)

    async def read(self, actor: Actor, limit: int = 200) -> list[TimelineItem]:
        """The whole timeline as somebody sees it, page by page, oldest first."""
        items: list[TimelineItem] = []
        cursor: str | None = None
        while True:
            page = await timelines.visible_timeline(
                self.stage.world, actor, self.rfi.id, PageRequest(limit, cursor)
            )
            assert len(page.items) <= limit
            items += page.items
            cursor = page.next_cursor
            if cursor is None:
                return items[::-1]


async def a_deal(stage: Stage) -> Deal:
    """Submit, offer, answer, quote and award, a minute apart."""
    customer = await stage.customer()
    winner, loser, declining = [await stage.vendor() for _ in range(3)]
    rfi = await stage.submitted(customer, max_vendors=3, address="1437 Bannock St")
    stage.clock.advance(minutes=1)
    offers = await stage.offered(rfi)
    stage.clock.advance(minutes=1)
    await matches.decline(stage.world, declining, offers[declining.account_id].id, "Too far")
    stage.clock.advance(minutes=1)
    await stage.quoted(loser, rfi)
    stage.clock.advance(minutes=1)
    quote = await stage.quoted(winner, rfi)
    stage.clock.advance(minutes=1)
    await awards.award(stage.world, customer, rfi.id, rfi.revision, quote.id, quote.revision)
    return Deal(stage, customer, rfi, winner, loser, declining)


def shown(items: list[TimelineItem]) -> list[tuple[str, str]]:
    """The source and the gist of each item."""
    return [(item.position.source, _gist(item)) for item in items]


def _gist(item: TimelineItem) -> str:
    happening = item.happening
    names = ("cause", "code", "rule", "state")
    return next(str(getattr(happening, name)) for name in names if hasattr(happening, name))


async def test_the_customer_and_admins_see_all_of_it_in_order(stage: Stage) -> None:
    """Revisions, offers, answers, quotes, notices and decisions."""
    deal = await a_deal(stage)

    own = shown(await deal.read(deal.customer))

    assert own == shown(await deal.read(an_actor(Role.ADMIN)))
    assert own[:2] == [("revision", "drafted"), ("revision", "submitted")]
    assert own[2] == ("decision", "closest")
    assert own[3:6] == [("match", "offered")] * 3
    assert own[6] == ("match", "declined")
    assert own.count(("notice", "participant_joined")) == 2
    assert own.count(("quote", "submitted")) == 2
    assert sorted(own[-6:]) == [
        ("match", "closed"),
        ("notice", "rfi_awarded"),
        ("notice", "rfi_awarded"),
        ("quote", "awarded"),
        ("quote", "closed"),
        ("revision", "awarded"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_have_each_item_once(stage: Stage, limit: int) -> None:
    """Although much happened in the same moment, and from several sources."""
    deal = await a_deal(stage)

    whole = await deal.read(deal.customer)

    assert await deal.read(deal.customer, limit) == whole
    assert len({item.position for item in whole}) == len(whole)
    assert [item.position for item in whole] == sorted(item.position for item in whole)


async def test_a_vendor_sees_the_rfi_and_what_concerns_itself(stage: Stage) -> None:
    """No draft, nobody else's match, quote or conversation, and no decision about others."""
    deal = await a_deal(stage)

    items = await deal.read(deal.loser)

    about = {
        getattr(item.happening, "vendor_id", deal.loser.account_id)
        for item in items
        if item.position.source in {Source.MATCH, Source.QUOTE}
    }
    assert about == {deal.loser.account_id}
    assert ("revision", "drafted") not in shown(items)
    assert Source.DECISION not in {item.position.source for item in items}
    conversation_ids = {
        item.happening.conversation_id  # type: ignore[union-attr] # notices are entries
        for item in items
        if item.position.source == Source.NOTICE
    }
    own = await stage.store.matches.of_pair(deal.rfi.id, deal.loser.account_id)
    assert own is not None
    assert conversation_ids == {own.conversation_id}


async def test_revisions_are_shown_as_far_as_the_reader_may_see_them(stage: Stage) -> None:
    """A vendor that is only asked does not read of an address in the timeline either."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    await rfis.revise(stage.world, customer, rfi.id, rfi.revision, {"address": "12 Elm St"})

    async def paths(actor: Actor) -> set[str]:
        page = await timelines.visible_timeline(stage.world, actor, rfi.id, PageRequest(50))
        revisions = [item.happening for item in page.items if item.position.source == "revision"]
        return {
            change.path
            for revision in revisions
            if isinstance(revision, Revision)
            for change in revision.changes
        }

    assert "address" in await paths(customer)
    assert "address" not in await paths(vendor)


async def test_a_reader_without_the_rfi_gets_no_timeline(stage: Stage) -> None:
    """A stranger, and a vendor that declined, are told that it does not exist."""
    deal = await a_deal(stage)

    for actor in (await stage.customer(), await stage.vendor(), deal.declining):
        read = timelines.visible_timeline(stage.world, actor, deal.rfi.id, PageRequest(50))
        assert await refused(read) is Code.NOT_FOUND


async def test_an_expired_offer_reads_as_closed_in_the_timeline(stage: Stage) -> None:
    """Before its timer is handled, as everywhere."""
    customer = await stage.customer()
    await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    stage.clock.advance(days=3)

    page = await timelines.visible_timeline(stage.world, customer, rfi.id, PageRequest(1))

    assert shown(list(page.items)) == [("match", "closed")]
