"""Drafting, submitting, revising, withdrawing and awarding RFIs."""

import asyncio

from marketplace.actions import awards, feeds, quotes, rfis
from marketplace.domain import visibility
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import QuoteState
from marketplace.domain.rfis import RfiState
from marketplace.domain.visibility import View
from marketplace.errors import Code, ParleyError
from tests.builders import quote_figures, rfi_content
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage


async def test_a_draft_is_private_until_it_is_submitted(stage: Stage) -> None:
    """Each step is a revision, an event and, once it is submitted, a push."""
    customer, vendor = await stage.customer(), await stage.vendor()
    drafted = await rfis.draft(stage.world, customer, rfi_content())
    seen_by_others = rfis.visible_rfi(stage.world, vendor, drafted.id)
    assert await refused(seen_by_others) is Code.NOT_FOUND

    submitted = await rfis.submit(stage.world, customer, drafted.id, 1)

    assert (submitted.state, submitted.revision) == (RfiState.OPEN, 2)
    assert stage.event_names() == ["rfi.drafted", "rfi.submitted"]
    page = await feeds.read_revisions(
        stage.world, customer, drafted.id, after=0, epoch=None, limit=10
    )
    found = page.revisions
    assert [(revision.revision, revision.cause) for revision in found] == [
        (1, "drafted"),
        (2, "submitted"),
    ]
    assert [announcement.position for announcement in stage.live.named("rfi.changed")] == [2]


async def test_only_customers_can_draft_and_only_in_known_categories(stage: Stage) -> None:
    """Vendors cannot draft, and an unknown category is refused."""
    vendor, customer = await stage.vendor(), await stage.customer()
    assert await refused(rfis.draft(stage.world, vendor, rfi_content())) is Code.FORBIDDEN

    unknown = rfis.draft(stage.world, customer, rfi_content(category="alchemy"))
    assert await refused(unknown) is Code.VALIDATION_FAILED


async def test_a_revision_based_on_a_stale_one_is_refused(stage: Stage) -> None:
    """Of two concurrent revisions one wins, and the other is stale."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer)

    outcomes = await asyncio.gather(
        *(rfis.revise(stage.world, customer, rfi.id, 2, {"title": t}) for t in ("One", "Two")),
        return_exceptions=True,
    )

    (code,) = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert code is Code.STALE_REVISION
    kept = await stage.store.rfis.get(rfi.id)
    assert kept is not None
    assert kept.revision == 3


async def test_a_revision_without_a_change_creates_nothing(stage: Stage) -> None:
    """A revision without changes creates no number, no event and no push."""
    customer = await stage.customer()
    rfi = await stage.submitted(customer)

    same = await rfis.revise(stage.world, customer, rfi.id, 2, {"title": rfi.title})

    assert same.revision == 2
    assert stage.event_names()[-1] == "rfi.submitted"
    assert len(stage.live.named("rfi.changed")) == 1


async def test_withdrawing_closes_everything_in_one_write(stage: Stage) -> None:
    """Offers, matches and quotes close, capacity returns, and a notice tells each conversation."""
    customer, offered, quoting = await stage.customer(), await stage.vendor(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    quote = await stage.quoted(quoting, rfi)

    withdrawn = await rfis.withdraw(stage.world, customer, rfi.id, 2)

    assert withdrawn.state is RfiState.WITHDRAWN
    states = {match.state for match in await stage.store.matches.of_rfi(rfi.id)}
    assert states == {MatchState.CLOSED}
    assert [await stage.open_matches(vendor) for vendor in (offered, quoting)] == [0, 0]
    kept = await stage.store.quotes.get(quote.id)
    assert kept is not None
    assert kept.state is QuoteState.CLOSED
    entries = await stage.store.entries.after(quote.conversation_id, 0, 10)
    assert entries[-1].code == "rfi_withdrawn"
    again = rfis.withdraw(stage.world, customer, rfi.id, 3)
    assert await refused(again) is Code.WRONG_STATE


async def test_an_rfi_has_one_award_which_closes_the_other_matches(stage: Stage) -> None:
    """Of two concurrent awards one wins; only the winner's match stays accepted."""
    customer = await stage.customer()
    vendors = [await stage.vendor() for _ in range(3)]
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    submitted = [await stage.quoted(vendor, rfi, amount_minor=100) for vendor in vendors[:2]]

    outcomes = await asyncio.gather(
        *(awards.award(stage.world, customer, rfi.id, 2, quote.id, 1) for quote in submitted),
        return_exceptions=True,
    )

    (code,) = [outcome.code for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert code is Code.STALE_REVISION
    awarded = await stage.store.rfis.get(rfi.id)
    assert awarded is not None
    assert awarded.state is RfiState.AWARDED
    by_vendor = {match.vendor_id: match.state for match in await stage.store.matches.of_rfi(rfi.id)}
    winner = awarded.awarded_vendor_id
    assert winner is not None
    assert by_vendor.pop(winner) is MatchState.ACCEPTED
    assert set(by_vendor.values()) == {MatchState.CLOSED}
    states = {quote.vendor_id: quote.state for quote in await stage.store.quotes.of_rfi(rfi.id)}
    assert states.pop(winner) is QuoteState.AWARDED
    assert set(states.values()) == {QuoteState.CLOSED}
    assert [await stage.open_matches(vendor) for vendor in vendors] == [0, 0, 0]
    rooms = {announcement.room for announcement in stage.live.named("rfi.awarded")}
    assert rooms == {f"account:{actor.account_id}" for actor in (customer, *vendors)}


async def test_only_a_quote_on_this_rfi_can_be_awarded(stage: Stage) -> None:
    """A quote on another RFI, or an unknown one, is not found."""
    customer, vendor = await stage.customer(), await stage.vendor()
    one, two = await stage.submitted(customer), await stage.submitted(customer)
    await stage.offered(one)
    quote = await stage.quoted(vendor, one)

    for quote_id in (quote.id, "unknown"):
        command = awards.award(stage.world, customer, two.id, 2, quote_id, 1)
        assert await refused(command) is Code.NOT_FOUND


async def test_another_accounts_rfi_is_not_found(stage: Stage) -> None:
    """A stranger can neither change nor see an RFI; an admin can see it."""
    rfi = await stage.submitted(await stage.customer())
    stranger = await stage.customer()

    assert await refused(rfis.withdraw(stage.world, stranger, rfi.id, 2)) is Code.NOT_FOUND
    assert await refused(rfis.visible_rfi(stage.world, stranger, rfi.id)) is Code.NOT_FOUND
    seen = await rfis.visible_rfi(stage.world, Actor("a", Role.ADMIN), rfi.id)
    assert seen == visibility.seen(rfi, View.OWN)


async def test_a_quote_needs_the_current_revision(stage: Stage) -> None:
    """A quote on an older revision is stale; a second one replaces the first; both add a notice."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    first = await stage.quoted(vendor, rfi, amount_minor=100)
    revised = await rfis.revise(stage.world, customer, rfi.id, 2, {"title": "Burst pipe"})

    late = quotes.submit(stage.world, vendor, rfi.id, quote_figures(rfi_revision=2))
    assert await refused(late) is Code.STALE_REVISION
    figures = quote_figures(rfi_revision=revised.revision, amount_minor=90)
    second, is_new = await quotes.submit(stage.world, vendor, rfi.id, figures)

    assert (second.id, is_new, second.amount_minor) == (first.id, False, 90)
    entries = await stage.store.entries.after(first.conversation_id, 0, 10)
    assert [entry.code for entry in entries[1:]] == ["quote_submitted", "quote_updated"]
    stranger = await stage.vendor(categories=("roofing",))
    command = quotes.submit(stage.world, stranger, rfi.id, figures)
    assert await refused(command) is Code.NOT_FOUND


async def test_a_closed_rfi_takes_no_quotes(stage: Stage) -> None:
    """A quote on a withdrawn RFI is refused, even if the vendor's page is outdated."""
    customer, vendor = await stage.customer(), await stage.vendor()
    rfi = await stage.submitted(customer)
    await stage.offered(rfi)
    await stage.quoted(vendor, rfi)
    await rfis.withdraw(stage.world, customer, rfi.id, 2)

    late = quotes.submit(stage.world, vendor, rfi.id, quote_figures(rfi_revision=3))
    assert await refused(late) is Code.WRONG_STATE
