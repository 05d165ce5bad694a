"""Quotes are valid until their end, and are closed by their timers after it."""

from datetime import timedelta

from marketplace.actions import awards, lifetimes, quotes
from marketplace.domain.lifetimes import quote_timer_ids
from marketplace.domain.quotes import QuoteState
from marketplace.domain.timers import TimerKind
from marketplace.errors import Code
from tests.builders import NOW, quote_figures
from tests.marketplace.actions.bids import a_bid
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage
from tests.marketplace.actions.waiting import claim, timers
from tests.rows import a_timer

DAY = timedelta(days=1)


async def test_a_quote_expires_by_its_timer(stage: Stage) -> None:
    """It is closed with the decision that it is, once, and both sides hear of it."""
    bid = await a_bid(stage, valid_until=NOW + DAY)
    stage.clock.advance(days=1)
    assert await claim(stage, TimerKind.QUOTE_EXPIRY) == []
    stage.clock.advance(seconds=0.001)

    (due,) = await claim(stage, TimerKind.QUOTE_EXPIRY)
    assert await lifetimes.expire_quote(stage.world, due)
    assert not await lifetimes.expire_quote(stage.world, due)

    stored = await stage.store.quotes.get(bid.quote.id)
    assert stored is not None
    assert (stored.state, stored.closed_reason) == (QuoteState.CLOSED, "expired")
    assert await bid.notices() == ["quote_expired"]
    assert stage.event_names().count("quote.updated") == 1
    (decision,) = await stage.store.decisions.before([bid.quote.id], NOW + 9 * DAY, "", 10)
    assert decision.outcome == {"is_expired": True}


async def test_an_expired_quote_reads_as_closed_before_its_timer(stage: Stage) -> None:
    """Lists say what an award would say."""
    bid = await a_bid(stage, valid_until=NOW + DAY)
    stage.clock.advance(days=2)

    assert (await bid.seen()).closed_reason == "expired"
    award = awards.award(stage.world, bid.customer, bid.rfi.id, None, bid.quote.id, 1)
    assert await refused(award) is Code.WRONG_STATE


async def test_a_quotes_timer_follows_its_state(stage: Stage) -> None:
    """A new end moves it, and none, a withdrawal and an award cancel it."""
    bid = await a_bid(stage, valid_until=NOW + DAY)
    (timer_id,) = quote_timer_ids(bid.quote.id)

    async def requoted(**figures: object) -> None:
        content = quote_figures(rfi_revision=bid.rfi.revision, **figures)
        await quotes.submit(stage.world, bid.vendor, bid.rfi.id, content)

    assert (await timers(stage, timer_id))[timer_id].due_at > NOW + DAY
    await requoted(valid_until=NOW + 3 * DAY)
    assert (await timers(stage, timer_id))[timer_id].due_at > NOW + 3 * DAY
    await requoted()
    assert await timers(stage, timer_id) == {}
    await requoted(valid_until=NOW + DAY)
    await quotes.withdraw(stage.world, bid.vendor, bid.quote.id, None)
    assert await timers(stage, timer_id) == {}
    await requoted(valid_until=NOW + DAY)
    await awards.award(stage.world, bid.customer, bid.rfi.id, None, bid.quote.id, 5)
    assert await timers(stage, timer_id) == {}


async def test_a_timer_that_comes_too_early_is_set_again(stage: Stage) -> None:
    """The previous version revises a quote without knowing of timers."""
    bid = await a_bid(stage, valid_until=NOW + 2 * DAY)
    (timer_id,) = quote_timer_ids(bid.quote.id)
    early = a_timer(kind=TimerKind.QUOTE_EXPIRY, subject_id=bid.quote.id)
    await stage.store.timers.set_many([early])

    (due,) = await claim(stage, TimerKind.QUOTE_EXPIRY)
    assert not await lifetimes.expire_quote(stage.world, due)

    assert (await timers(stage, timer_id))[timer_id].due_at > NOW + 2 * DAY
    assert (await bid.seen()).state is QuoteState.SUBMITTED


async def test_a_quote_of_the_version_before_gets_its_timer(stage: Stage) -> None:
    """A sweep finds submitted quotes with an end and without a timer."""
    bid = await a_bid(stage, valid_until=NOW + DAY)
    ids = quote_timer_ids(bid.quote.id)
    await stage.store.timers.cancel(ids)

    assert await lifetimes.set_missing(stage.world, None) == 1
    assert await lifetimes.set_missing(stage.world, None) == 0

    assert set(await timers(stage, *ids)) == set(ids)
