"""Offers that nobody answered in time, and vendors that have left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.actions import awards, matches, memberships, offers, rfis, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import (
    EXPIRED,
    NO_LONGER_SUITABLE,
    VENDOR_LEFT,
    Match,
    MatchState,
)
from marketplace.domain.pages import PageRequest
from marketplace.domain.rfis import Rfi
from marketplace.domain.vendors import ServiceArea
from marketplace.errors import Code
from tests.builders import an_actor, north_of_denver
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

LIFETIME = timedelta(days=3)
SHORTLY = timedelta(milliseconds=1)
ADMIN, SYSTEM = an_actor(Role.ADMIN), an_actor(Role.SYSTEM)


async def an_offer(stage: Stage, vendor: Actor) -> tuple[Actor, Rfi, Match]:
    """A customer, an RFI of theirs, and its offer to the vendor."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer, max_vendors=1)
    return customer, rfi, (await stage.offered(rfi))[vendor.account_id]


def wait(stage: Stage, time: timedelta) -> None:
    """Advance the clock."""
    stage.clock.advance(seconds=time.total_seconds())


async def test_an_offer_can_be_accepted_until_it_expires(stage: Stage) -> None:
    """An offer can be accepted up to the last moment before its expiry."""
    vendor = await stage.vendor()
    _, _, offer = await an_offer(stage, vendor)

    wait(stage, LIFETIME - SHORTLY)
    accepted = await matches.accept(stage.world, vendor, offer.id)

    assert accepted.state is MatchState.ACCEPTED


async def test_an_expired_offer_cannot_be_answered(stage: Stage) -> None:
    """An expired offer can be neither accepted nor declined."""
    vendor = await stage.vendor()
    _, _, offer = await an_offer(stage, vendor)

    wait(stage, LIFETIME)

    assert await refused(matches.accept(stage.world, vendor, offer.id)) is Code.WRONG_STATE
    assert await refused(matches.decline(stage.world, vendor, offer.id, None)) is Code.WRONG_STATE


async def test_an_expired_offer_reads_as_closed_everywhere(stage: Stage) -> None:
    """Before anything has recorded the expiry, lists, filters and visibility treat it as closed."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor)

    wait(stage, LIFETIME)

    async def own(state: MatchState | None) -> list[tuple[MatchState, str | None]]:
        page = await matches.own_matches(stage.world, vendor, state, PageRequest())
        return [(match.state, match.closed_reason) for match, _ in page.items]

    expired = [(MatchState.CLOSED, EXPIRED)]
    assert await own(None) == expired
    assert await own(MatchState.CLOSED) == expired
    assert await own(MatchState.OFFERED) == []
    seen = await matches.visible_matches(stage.world, customer, rfi.id)
    assert [(match.state, match.closed_reason) for match in seen] == expired
    assert await refused(rfis.visible_rfi(stage.world, vendor, rfi.id)) is Code.NOT_FOUND
    pair = (rfi.id, vendor.account_id)
    lost = await memberships.lost_access(stage.world, [vendor.account_id], [pair])
    assert lost.rfis == {pair: "match_closed"}
    kept = await stage.store.matches.get(offer.id)
    assert kept is not None
    assert kept.state is MatchState.OFFERED


async def test_an_expired_offer_holds_no_place(stage: Stage) -> None:
    """An expired offer frees the vendor's place for another RFI and its own RFI's count."""
    vendor = await stage.vendor(capacity=1)
    _, old, _ = await an_offer(stage, vendor)
    asking = await stage.submitted(await stage.customer(), max_vendors=1)
    assert vendor.account_id not in await stage.offered(asking)

    wait(stage, LIFETIME)
    again = await stage.submitted(await stage.customer(), max_vendors=1)
    offered = await stage.offered(again)

    assert offered[vendor.account_id].state is MatchState.OFFERED
    assert await stage.open_matches(vendor) == 1
    kept = await stage.store.rfis.get(old.id)
    assert kept is not None
    assert kept.match_count == 0
    assert "match.closed" in stage.event_names()
    closed = [announcement.data for announcement in stage.live.named("match.updated")]
    assert {data["closed_reason"] for data in closed} == {EXPIRED}


async def test_capacity_can_fall_to_the_number_of_unexpired_matches(stage: Stage) -> None:
    """A vendor can lower its capacity despite expired offers."""
    vendor = await stage.vendor(capacity=5)
    for _ in range(2):
        await an_offer(stage, vendor)

    wait(stage, LIFETIME)
    changed = await vendors.update_profile(stage.world, vendor, {"capacity": 1})

    assert (changed.capacity, await stage.open_matches(vendor)) == (1, 0)


async def test_ending_an_rfi_leaves_expired_offers_expired(stage: Stage) -> None:
    """An offer that expired before its RFI ended stays expired and returns its place once."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor)

    wait(stage, LIFETIME)
    await rfis.withdraw(stage.world, customer, rfi.id, 2)

    kept = await stage.store.matches.get(offer.id)
    assert kept is not None
    assert (kept.state, kept.closed_reason) == (MatchState.CLOSED, EXPIRED)
    assert await stage.open_matches(vendor) == 0


@pytest.mark.parametrize("has_accepted", [False, True])
async def test_a_suspended_vendor_leaves_its_open_rfis(stage: Stage, has_accepted: bool) -> None:
    """Offer, acceptance and quote are closed, its places are free, and it is done once."""
    vendor = await stage.vendor()
    _, rfi, offer = await an_offer(stage, vendor)
    if has_accepted:
        await stage.quoted(vendor, rfi)
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "Complaints.")

    assert await offers.close_departed(stage.world, SYSTEM, vendor.account_id) == 1
    assert await offers.close_departed(stage.world, SYSTEM, vendor.account_id) == 0

    kept = await stage.store.matches.get(offer.id)
    assert kept is not None
    assert (kept.state, kept.closed_reason) == (MatchState.CLOSED, VENDOR_LEFT)
    assert await stage.open_matches(vendor) == 0
    found = await stage.store.rfis.get(rfi.id)
    assert found is not None
    assert found.match_count == 0
    assert [quote.state for quote in await stage.store.quotes.of_rfi(rfi.id)] == (
        ["closed"] if has_accepted else []
    )
    (decision,) = await stage.store.decisions.before([offer.id], stage.clock.now(), "~", 10)
    assert (decision.rule, decision.outcome) == ("departure", {"closed_reason": VENDOR_LEFT})


async def test_a_winner_that_is_suspended_keeps_its_award(stage: Stage) -> None:
    """An RFI that has ended is not touched."""
    vendor = await stage.vendor()
    customer, rfi, offer = await an_offer(stage, vendor)
    quote = await stage.quoted(vendor, rfi)
    await awards.award(stage.world, customer, rfi.id, rfi.revision, quote.id, quote.revision)
    await vendors.decide(stage.world, ADMIN, vendor.account_id, "suspend", "Complaints.")

    assert await offers.close_departed(stage.world, SYSTEM, vendor.account_id) == 0

    kept = await stage.store.matches.get(offer.id)
    assert kept is not None
    assert kept.state is MatchState.ACCEPTED


async def test_a_vendor_that_moved_away_loses_its_offers_only(stage: Stage) -> None:
    """What it has accepted stays; what it still covers does too."""
    vendor = await stage.vendor()
    _, _, accepted = await an_offer(stage, vendor)
    await matches.accept(stage.world, vendor, accepted.id)
    _, _, far = await an_offer(stage, vendor)
    near_place = north_of_denver(30_000)
    near = await stage.submitted(await stage.customer(), max_vendors=1)
    still = (await stage.offered(near))[vendor.account_id]
    stage.store.tables.rfis[near.id] = replace(near, location=near_place)
    moved = stage.store.tables.vendors[vendor.account_id]
    area = ServiceArea(near_place, 20_000)
    stage.store.tables.vendors[vendor.account_id] = replace(moved, service_area=area)

    assert await offers.close_departed(stage.world, SYSTEM, vendor.account_id) == 1

    states = {
        match.id: (match.state, match.closed_reason)
        for match in stage.store.tables.matches.values()
    }
    assert states == {
        accepted.id: (MatchState.ACCEPTED, None),
        far.id: (MatchState.CLOSED, NO_LONGER_SUITABLE),
        still.id: (MatchState.OFFERED, None),
    }


async def test_a_reinstated_vendor_in_time_loses_nothing(stage: Stage) -> None:
    """An event of a suspension that is handled late is judged by the vendor's state now."""
    vendor = await stage.vendor()
    _, _, offer = await an_offer(stage, vendor)
    for decision in ("suspend", "reinstate"):
        await vendors.decide(stage.world, ADMIN, vendor.account_id, decision, "A mistake.")

    assert await offers.close_departed(stage.world, SYSTEM, vendor.account_id) == 0

    kept = await stage.store.matches.get(offer.id)
    assert kept is not None
    assert kept.state is MatchState.OFFERED
