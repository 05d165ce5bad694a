"""An award that is cancelled leaves everything as it was before, as far as vendors have places."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from marketplace.actions import awards, blocks, matches, quotes, rfis, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.lifetimes import (
    answer_timer_ids,
    offer_timer_ids,
    quote_timer_ids,
    rfi_timer_ids,
)
from marketplace.domain.matches import Match, MatchState
from marketplace.domain.quotes import Quote, QuoteState
from marketplace.domain.rfis import Rfi, RfiState
from marketplace.errors import Code
from marketplace.schemas.fields.times import written
from tests.builders import NOW, an_actor, quote_figures
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.waiting import match_of, rfi_of, timers

DAY = timedelta(days=1)
FOR_A_WEEK = {"valid_until": NOW + 7 * DAY}


@dataclass(frozen=True, slots=True)
class Deal:
    """An awarded RFI with a winner, a loser that had quoted, and one that had only an offer."""

    stage: Stage
    customer: Actor
    winner: Actor
    loser: Actor
    silent: Actor
    rfi: Rfi
    quotes: dict[str, Quote]

    async def cancel(self, reason: str | None = None) -> Rfi:
        """Cancel the award, whatever the RFI's revision is."""
        return await awards.cancel(self.stage.world, self.customer, self.rfi.id, None, reason)

    async def match(self, vendor: Actor) -> Match:
        """The vendor's match as it is stored."""
        found = await self.stage.store.matches.of_pair(self.rfi.id, vendor.account_id)
        assert found is not None
        return found

    async def quote(self, vendor: Actor) -> Quote:
        """The vendor's quote as it is stored."""
        found = await self.stage.store.quotes.get(self.quotes[vendor.account_id].id)
        assert found is not None
        return found

    async def last_notice(self, vendor: Actor) -> tuple[str | None, dict[str, object]]:
        """The code and the data of the newest entry of the vendor's conversation."""
        conversation_id = self.quotes[vendor.account_id].conversation_id
        entries = await self.stage.store.entries.after(conversation_id, 0, 100)
        return entries[-1].code, entries[-1].data or {}


async def a_deal(stage: Stage, **named: object) -> Deal:
    """Submit, offer, quote and award; `named` are fields of the winner's and the loser's quote."""
    customer = await stage.customer()
    winner, loser, silent = [await stage.vendor(capacity=1) for _ in range(3)]
    rfi = await stage.submitted(customer, max_vendors=3)
    await stage.offered(rfi)
    submitted = {
        vendor.account_id: await stage.quoted(vendor, rfi, **named) for vendor in (winner, loser)
    }
    won = submitted[winner.account_id]
    awarded = await awards.award(stage.world, customer, rfi.id, rfi.revision, won.id, 1)
    return Deal(stage, customer, winner, loser, silent, awarded, submitted)


async def test_a_cancelled_award_brings_everybody_back(stage: Stage) -> None:
    """Matches, quotes and places are as before the award, and everybody is told."""
    deal = await a_deal(stage, **FOR_A_WEEK)
    everybody = (deal.winner, deal.loser, deal.silent)
    assert [await stage.open_matches(vendor) for vendor in everybody] == [0, 0, 0]

    opened = await deal.cancel("The vendor did not come.")

    assert (opened.state, opened.revision) == (RfiState.OPEN, deal.rfi.revision + 1)
    assert (opened.awarded_quote_id, opened.awarded_vendor_id) == (None, None)
    states = [(await deal.match(vendor)).state for vendor in everybody]
    assert states == [MatchState.ACCEPTED, MatchState.ACCEPTED, MatchState.OFFERED]
    assert [await stage.open_matches(vendor) for vendor in everybody] == [1, 1, 1]
    assert (await rfi_of(stage, opened.id)).match_count == 3
    for vendor in (deal.winner, deal.loser):
        quote = await deal.quote(vendor)
        assert (quote.state, quote.closed_reason) == (QuoteState.SUBMITTED, None)
    reason = {"reason": "The vendor did not come."}
    told = {"rfi_id": opened.id, "is_reopened": True}
    assert await deal.last_notice(deal.winner) == ("award_cancelled", told | reason)
    assert await deal.last_notice(deal.loser) == ("award_cancelled", told)
    revision = stage.live.named("rfi.changed")[-1].data
    assert revision["cause"] == "award_cancelled"
    (expiry,) = [change for change in revision["changes"] if change["path"] == "expires_at"]
    assert (expiry["old"], expiry["new"]) == (None, written(opened.expires_at or NOW))
    assert {push.room for push in stage.live.named("match.offered")[-2:]} == {
        f"account:{deal.silent.account_id}",
        f"account:{deal.customer.account_id}",
    }
    assert "rfi.revised" in stage.event_names()
    assert stage.event_names()[-4:].count("quote.updated") == 2


async def test_the_timers_of_an_open_rfi_are_set_again(stage: Stage) -> None:
    """Those of the RFI, of the offer and of the quotes; nobody who has quoted owes an answer."""
    deal = await a_deal(stage, **FOR_A_WEEK)
    winner, silent = await deal.match(deal.winner), await deal.match(deal.silent)
    quote_timers = [id_ for quote in deal.quotes.values() for id_ in quote_timer_ids(quote.id)]
    expected = {*rfi_timer_ids(deal.rfi.id), *offer_timer_ids(silent.id), *quote_timers}
    every = (*expected, *answer_timer_ids(winner.id))
    assert await timers(stage, *every) == {}
    stage.clock.advance(hours=5)

    await deal.cancel()

    found = await timers(stage, *every)
    assert set(found) == expected
    assert found[offer_timer_ids(silent.id)[0]].due_at == NOW + 3 * DAY + timedelta(hours=5)


async def test_another_vendor_can_be_awarded_after_a_cancellation(stage: Stage) -> None:
    """The loser wins the second award; it is cancellable for as long as the first was."""
    deal = await a_deal(stage)
    opened = await deal.cancel()
    lost = await deal.quote(deal.loser)

    again = await awards.award(
        stage.world, deal.customer, opened.id, opened.revision, lost.id, lost.revision
    )

    assert again.awarded_vendor_id == deal.loser.account_id
    assert again.award_cancellable_until == NOW + DAY
    assert (await deal.match(deal.winner)).closed_reason == "rfi_awarded"


async def test_a_vendor_without_a_free_place_does_not_return(stage: Stage) -> None:
    """Its capacity was taken by another RFI; the place is left to the next closest vendor."""
    deal = await a_deal(stage)
    other = await stage.submitted(await stage.customer(), max_vendors=3)
    await stage.offered(other)
    assert [await stage.open_matches(v) for v in (deal.winner, deal.loser)] == [1, 1]
    spare = await stage.vendor()

    opened = await deal.cancel()

    for vendor in (deal.winner, deal.loser):
        match, quote = await deal.match(vendor), await deal.quote(vendor)
        assert (match.state, match.closed_reason) == (MatchState.CLOSED, "no_free_place")
        assert (quote.state, quote.closed_reason) == (QuoteState.CLOSED, "match_closed")
        assert (await deal.last_notice(vendor))[1]["is_reopened"] is False
        assert await stage.open_matches(vendor) == 1
        assert await refused(rfis.visible_rfi(stage.world, vendor, opened.id)) is Code.NOT_FOUND
    assert (await rfi_of(stage, opened.id)).match_count == 0
    await matches.match_rfi(stage.world, Actor("m", Role.SYSTEM), "matching", "again", opened.id)
    by_vendor = {match.vendor_id: match for match in await stage.store.matches.of_rfi(opened.id)}
    assert by_vendor[spare.account_id].state is MatchState.OFFERED


async def test_a_suspended_winner_does_not_return(stage: Stage) -> None:
    """The others do."""
    deal = await a_deal(stage)
    admin = an_actor(Role.ADMIN)
    await vendors.decide(stage.world, admin, deal.winner.account_id, "suspend", "Complaints.")

    await deal.cancel()

    assert (await deal.match(deal.winner)).closed_reason == "vendor_left"
    assert (await deal.quote(deal.winner)).closed_reason == "match_closed"
    assert (await deal.match(deal.loser)).state is MatchState.ACCEPTED


async def test_a_quote_that_expired_meanwhile_stays_closed(stage: Stage) -> None:
    """Its vendor is on the RFI again and may send it again."""
    deal = await a_deal(stage, valid_until=NOW + timedelta(hours=1))
    stage.clock.advance(hours=2)

    opened = await deal.cancel()

    quote = await deal.quote(deal.winner)
    assert (quote.state, quote.closed_reason) == (QuoteState.CLOSED, "expired")
    figures = quote_figures(rfi_revision=opened.revision)
    again, _ = await quotes.submit(stage.world, deal.winner, opened.id, figures)
    assert (again.state, again.revision) == (QuoteState.SUBMITTED, 2)


@pytest.mark.parametrize("later", [timedelta(milliseconds=1), 30 * DAY])
async def test_an_award_cannot_be_cancelled_after_its_window(
    stage: Stage, later: timedelta
) -> None:
    """The vendors have other work by then."""
    deal = await a_deal(stage)
    assert deal.rfi.award_cancellable_until == NOW + DAY
    stage.clock.advance(seconds=(DAY + later).total_seconds())
    before = stage.store.tables.snapshot()

    assert await refused(deal.cancel()) is Code.WRONG_STATE

    assert stage.store.tables.snapshot() == before


async def test_an_rfi_that_is_open_again_gets_time_for_another_award(stage: Stage) -> None:
    """`needed_by` may have passed while it was awarded."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer, needed_by=NOW + timedelta(hours=2))
    await stage.offered(rfi)
    quote = await stage.quoted(vendor, rfi)
    await awards.award(stage.world, customer, rfi.id, rfi.revision, quote.id, 1)
    stage.clock.advance(hours=5)

    opened = await awards.cancel(stage.world, customer, rfi.id, None, None)

    assert opened.expires_at == NOW + 3 * DAY + timedelta(hours=5)


async def test_only_its_customer_cancels_an_award_and_only_its_current_revision(
    stage: Stage,
) -> None:
    """Everybody else is told that there is no such RFI; nothing changes."""
    deal = await a_deal(stage)
    before = stage.store.tables.snapshot()

    for actor in (await stage.customer(), deal.winner, deal.loser, an_actor(Role.ADMIN)):
        command = awards.cancel(stage.world, actor, deal.rfi.id, None, None)
        assert await refused(command) is Code.NOT_FOUND
    stale = awards.cancel(stage.world, deal.customer, deal.rfi.id, deal.rfi.revision - 1, None)
    assert await refused(stale) is Code.STALE_REVISION
    after = stage.store.tables.snapshot()
    assert {**after, "accounts": before["accounts"]} == before


async def test_a_cancellation_respects_the_quota_of_open_rfis(stage: Stage) -> None:
    """An RFI that is open again counts, and is no submission."""
    deal = await a_deal(stage)
    stage.world = replace(stage.world, policy=replace(stage.world.policy, most_open_rfis=1))
    other = await stage.submitted(deal.customer)

    assert await refused(deal.cancel()) is Code.AT_CAPACITY
    await rfis.withdraw(stage.world, deal.customer, other.id, None)
    stage.world = replace(stage.world, policy=replace(stage.world.policy, most_submissions_a_day=1))
    assert (await awards.cancel(stage.world, deal.customer, deal.rfi.id, None, None)).state == (
        RfiState.OPEN
    )


async def test_words_do_not_cross_a_block(stage: Stage) -> None:
    """The award can be cancelled without them."""
    deal = await a_deal(stage)
    conversation_id = deal.quotes[deal.winner.account_id].conversation_id
    await blocks.block(stage.world, deal.customer, conversation_id)

    assert await refused(deal.cancel("Read this")) is Code.BLOCKED
    assert (await deal.cancel()).state is RfiState.OPEN


async def test_an_outdated_quote_is_still_outdated_when_it_returns(stage: Stage) -> None:
    """The award and its cancellation are no changes that a price depends on."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(vendor, rfi)
    revised = await rfis.revise(stage.world, customer, rfi.id, 2, {"description": "Both drip."})
    await awards.award(stage.world, customer, rfi.id, None, quote.id, 1)

    await awards.cancel(stage.world, customer, rfi.id, None, None)

    pushed = stage.live.named("quote.updated")[-1].data
    assert (pushed["state"], pushed["outdated_by_revision"]) == ("submitted", revised.revision)
    assert (await match_of(stage, quote.match_id)).state is MatchState.ACCEPTED
