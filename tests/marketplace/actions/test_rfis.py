"""Drafting, submitting, revising, withdrawing and awarding."""

import asyncio

from marketplace.actions import quotes, rfis
from marketplace.domain import visibility
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import QuoteState
from marketplace.domain.rfis import RfiState
from marketplace.domain.visibility import View
from marketplace.errors import Code, ParleyError
from tests.builders import content_of_an_rfi, figures_of_a_quote
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


async def test_a_draft_is_its_customers_alone_until_it_is_submitted(stage: Stage) -> None:
    """Each step is a revision, an event and a push to those who follow it."""
    customer, vendor = await stage.customer(), await stage.vendor()
    drafted = await rfis.draft(stage.world, customer, content_of_an_rfi())
    seen_by_others = rfis.visible_rfi(stage.world, vendor, drafted.id)
    assert await refused(seen_by_others) is Code.NOT_FOUND

    submitted = await rfis.submit(stage.world, customer, drafted.id, 1)

    assert (submitted.state, submitted.revision) == (RfiState.OPEN, 2)
    assert stage.happened() == ["rfi.drafted", "rfi.submitted"]
    page = await rfis.visible_revisions(stage.world, customer, drafted.id, 0, 10, None)
    found = page.revisions
    assert [(each.revision, each.cause) for each in found] == [(1, "drafted"), (2, "submitted")]
    assert [each.position for each in stage.live.named("rfi.changed")] == [2]


async def test_only_customers_draft_and_only_known_categories(stage: Stage) -> None:
    """The rest of the content is the schema's business."""
    vendor, customer = await stage.vendor(), await stage.customer()
    assert await refused(rfis.draft(stage.world, vendor, content_of_an_rfi())) is Code.FORBIDDEN

    unknown = rfis.draft(stage.world, customer, content_of_an_rfi(category="alchemy"))
    assert await refused(unknown) is Code.VALIDATION_FAILED


async def test_a_revision_made_looking_at_an_older_one_is_refused(stage: Stage) -> None:
    """Of two who revise at the same time one wins, and the other looks again."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer)

    outcomes = await asyncio.gather(
        *(rfis.revise(stage.world, customer, rfi.id, 2, {"title": t}) for t in ("One", "Two")),
        return_exceptions=True,
    )

    (code,) = [each.code for each in outcomes if isinstance(each, ParleyError)]
    assert code is Code.STALE_REVISION
    kept = await stage.store.rfis.get(rfi.id)
    assert kept is not None
    assert kept.revision == 3


async def test_a_revision_that_changes_nothing_is_none(stage: Stage) -> None:
    """No number, no event, no push."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer)

    same = await rfis.revise(stage.world, customer, rfi.id, 2, {"title": rfi.title})

    assert same.revision == 2
    assert stage.happened()[-1] == "rfi.submitted"
    assert len(stage.live.named("rfi.changed")) == 1


async def test_withdrawing_closes_all_and_frees_everybody_in_one_write(stage: Stage) -> None:
    """Offers, accepted matches and quotes; each conversation is told."""
    customer, asked, quoting = await stage.customer(), await stage.vendor(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(quoting, rfi)

    withdrawn = await rfis.withdraw(stage.world, customer, rfi.id, 2)

    assert withdrawn.state is RfiState.WITHDRAWN
    states = {each.state for each in await stage.store.matches.of_rfi(rfi.id)}
    assert states == {MatchState.CLOSED}
    assert [await stage.open_matches(each) for each in (asked, quoting)] == [0, 0]
    kept = await stage.store.quotes.get(quote.id)
    assert kept is not None
    assert kept.state is QuoteState.CLOSED
    entries = await stage.store.entries.after(quote.conversation_id, 0, 10)
    assert entries[-1].code == "rfi_withdrawn"
    again = rfis.withdraw(stage.world, customer, rfi.id, 3)
    assert await refused(again) is Code.WRONG_STATE


async def test_there_is_one_award_and_it_closes_the_others(stage: Stage) -> None:
    """Two awards at the same time: one wins; the winner's match stands, the rest is closed."""
    customer = await stage.customer()
    vendors = [await stage.vendor() for _ in range(3)]
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    made = [await stage.quoted(each, rfi, amount_minor=100) for each in vendors[:2]]

    outcomes = await asyncio.gather(
        *(rfis.award(stage.world, customer, rfi.id, 2, each.id, 1) for each in made),
        return_exceptions=True,
    )

    (code,) = [each.code for each in outcomes if isinstance(each, ParleyError)]
    assert code is Code.STALE_REVISION
    awarded = await stage.store.rfis.get(rfi.id)
    assert awarded is not None
    assert awarded.state is RfiState.AWARDED
    by_vendor = {each.vendor_id: each.state for each in await stage.store.matches.of_rfi(rfi.id)}
    winner = awarded.awarded_vendor_id
    assert winner is not None
    assert by_vendor.pop(winner) is MatchState.ACCEPTED
    assert set(by_vendor.values()) == {MatchState.CLOSED}
    states = {each.vendor_id: each.state for each in await stage.store.quotes.of_rfi(rfi.id)}
    assert states.pop(winner) is QuoteState.AWARDED
    assert set(states.values()) == {QuoteState.CLOSED}
    assert [await stage.open_matches(each) for each in vendors] == [0, 0, 0]
    told = {each.room for each in stage.live.named("rfi.awarded")}
    assert told == {f"account:{each.account_id}" for each in (customer, *vendors)}


async def test_an_award_is_for_a_quote_on_this_rfi(stage: Stage) -> None:
    """One of another RFI, or one that never was, is not found."""
    customer, vendor = await stage.customer(), await stage.vendor()
    one, two = await stage.submitted(customer), await stage.submitted(customer)
    await stage.offered(one)
    quote = await stage.quoted(vendor, one)

    for quote_id in (quote.id, "unknown"):
        asked = rfis.award(stage.world, customer, two.id, 2, quote_id, 1)
        assert await refused(asked) is Code.NOT_FOUND


async def test_somebody_elses_rfi_is_not_there(stage: Stage) -> None:
    """To change it as well as to see it; an admin sees it."""
    rfi = await stage.submitted(await stage.customer())
    stranger = await stage.customer()

    assert await refused(rfis.withdraw(stage.world, stranger, rfi.id, 2)) is Code.NOT_FOUND
    assert await refused(rfis.visible_rfi(stage.world, stranger, rfi.id)) is Code.NOT_FOUND
    seen = await rfis.visible_rfi(stage.world, Actor("a", Role.ADMIN), rfi.id)
    assert seen == visibility.seen(rfi, View.OWN)


async def test_a_quote_is_made_on_the_rfi_as_it_stands(stage: Stage) -> None:
    """On an older revision it is refused; a second one replaces the first; each is told."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    first = await stage.quoted(vendor, rfi, amount_minor=100)
    revised = await rfis.revise(stage.world, customer, rfi.id, 2, {"title": "Burst pipe"})

    late = quotes.submit(stage.world, vendor, rfi.id, figures_of_a_quote(rfi_revision=2))
    assert await refused(late) is Code.STALE_REVISION
    figures = figures_of_a_quote(rfi_revision=revised.revision, amount_minor=90)
    second, is_new = await quotes.submit(stage.world, vendor, rfi.id, figures)

    assert (second.id, is_new, second.amount_minor) == (first.id, False, 90)
    entries = await stage.store.entries.after(first.conversation_id, 0, 10)
    assert [each.code for each in entries[1:]] == ["quote_submitted", "quote_updated"]
    stranger = await stage.vendor(categories=("roofing",))
    asked = quotes.submit(stage.world, stranger, rfi.id, figures)
    assert await refused(asked) is Code.NOT_FOUND


async def test_nobody_quotes_on_an_rfi_that_is_over(stage: Stage) -> None:
    """However late the vendor's page is."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    await stage.quoted(vendor, rfi)
    await rfis.withdraw(stage.world, customer, rfi.id, 2)

    late = quotes.submit(stage.world, vendor, rfi.id, figures_of_a_quote(rfi_revision=3))
    assert await refused(late) is Code.WRONG_STATE
