"""Quotes from the submission to their end, and the requests that change under them."""

from datetime import timedelta
from typing import Any

from marketplace.actions import (
    awards,
    quote_reading,
    quotes,
    vendors,
)
from marketplace.actions.attachment_access import visible_attachment
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.attachments import Owner, OwnerKind
from marketplace.domain.quotes import QuoteState
from marketplace.domain.rfis import Budget
from marketplace.errors import Code
from tests.builders import NOW, an_actor, an_attachment, quote_figures
from tests.marketplace.actions.bids import a_bid
from tests.marketplace.actions.refusals import refused
from tests.marketplace.actions.stage import Stage

DAY = timedelta(days=1)


async def test_a_material_revision_flags_the_quotes_before_it(stage: Stage) -> None:
    """Both sides see that the quote is outdated, and the vendor is asked to confirm it."""
    bid = await a_bid(stage)

    revised = await bid.revise({"description": "Both taps drip."})

    for reader in (bid.customer, bid.vendor):
        assert (await bid.seen(reader)).outdated_by_revision == revised.revision
    assert await bid.notices() == ["quote_outdated"]
    pushed = stage.live.named("quote.updated")
    assert {push.room for push in pushed} == {
        f"account:{bid.customer.account_id}",
        f"account:{bid.vendor.account_id}",
    }
    assert {push.data["outdated_by_revision"] for push in pushed} == {revised.revision}
    assert stage.event_names()[-2:] == ["rfi.revised", "quote.updated"]


async def test_a_revision_that_no_price_depends_on_flags_nothing(stage: Stage) -> None:
    """A better title, more vendors and a visible budget leave the quote as it is."""
    bid = await a_bid(stage)
    for content in ({"title": "Burst pipe"}, {"max_vendors": 3}, {"budget_visibility": "shown"}):
        await bid.revise(content)

    assert (await bid.seen()).outdated_by_revision is None
    assert await bid.notices() == []
    assert stage.live.named("quote.updated") == []


async def test_an_outdated_quote_is_told_of_once(stage: Stage) -> None:
    """Of further changes before the confirmation only the number is newer."""
    bid = await a_bid(stage)
    await bid.revise({"description": "Both taps drip."})
    latest = await bid.revise({"description": "All taps drip."})

    assert (await bid.seen()).outdated_by_revision == latest.revision
    assert await bid.notices() == ["quote_outdated"]


async def test_a_confirmed_quote_keeps_its_revision(stage: Stage) -> None:
    """The figures are those that the customer saw, so an award of them still succeeds."""
    bid = await a_bid(stage)
    revised = await bid.revise({"description": "Both taps drip."})

    confirmed = await quotes.confirm(stage.world, bid.vendor, bid.quote.id, revised.revision)
    again = await quotes.confirm(stage.world, bid.vendor, bid.quote.id, None)

    assert (confirmed.revision, confirmed.confirmed_rfi_revision) == (1, revised.revision)
    assert again == confirmed
    assert (await bid.seen()).outdated_by_revision is None
    assert await bid.notices() == ["quote_outdated", "quote_confirmed"]
    awarded = await awards.award(stage.world, bid.customer, bid.rfi.id, None, bid.quote.id, 1)
    assert not awarded.is_award_outdated


async def test_a_quote_that_is_not_outdated_needs_no_confirmation(stage: Stage) -> None:
    """Nothing is stored and nobody is told."""
    bid = await a_bid(stage)
    await bid.revise({"title": "Burst pipe"})
    before = stage.store.tables.snapshot()

    assert await quotes.confirm(stage.world, bid.vendor, bid.quote.id, None) == bid.quote

    assert stage.store.tables.snapshot() == before


async def test_a_confirmation_of_an_unread_change_is_refused(stage: Stage) -> None:
    """A vendor that names the revision it has read confirms nothing else."""
    bid = await a_bid(stage)
    read = await bid.revise({"description": "Both taps drip."})
    await bid.revise({"description": "All taps drip."})

    command = quotes.confirm(stage.world, bid.vendor, bid.quote.id, read.revision)

    assert await refused(command) is Code.STALE_REVISION
    assert (await bid.seen()).confirmed_rfi_revision is None


async def test_a_quote_in_another_currency_than_the_budget_cannot_be_confirmed(
    stage: Stage,
) -> None:
    """The customer changed the currency, so the vendor has to quote again."""
    bid = await a_bid(stage, currency="USD")
    await bid.revise({"budget": {"min_minor": 1, "max_minor": 2, "currency": "EUR"}})

    assert Budget(1, 2, "EUR") == (await stage.store.rfis.get(bid.rfi.id) or bid.rfi).budget
    command = quotes.confirm(stage.world, bid.vendor, bid.quote.id, None)
    assert await refused(command) is Code.WRONG_STATE


async def test_an_award_of_an_outdated_quote_is_flagged(stage: Stage) -> None:
    """It is not refused, since the customer may know what it does; the RFI and the event say so."""
    bid = await a_bid(stage)
    revised = await bid.revise({"needed_by": NOW + 9 * DAY})

    awarded = await awards.award(stage.world, bid.customer, bid.rfi.id, None, bid.quote.id, 1)

    assert awarded.is_award_outdated
    assert awarded.awarded_quote_revision == 1
    won = await bid.seen()
    assert (won.state, won.outdated_by_revision) == (QuoteState.AWARDED, revised.revision)
    (pushed, _) = stage.live.named("rfi.awarded")
    assert pushed.data["quote_revision"] == 1


async def test_a_quote_withdrawn_or_declined_can_be_submitted_again(stage: Stage) -> None:
    """Each end is told with its reason; the next revision is a quote like any other."""
    bid = await a_bid(stage)

    withdrawn = await quotes.withdraw(stage.world, bid.vendor, bid.quote.id, "Fully booked")
    assert (withdrawn.state, withdrawn.closed_reason) == (QuoteState.CLOSED, "withdrawn")
    assert withdrawn.closed_note == "Fully booked"
    award = awards.award(stage.world, bid.customer, bid.rfi.id, None, bid.quote.id, 1)
    assert await refused(award) is Code.WRONG_STATE
    figures = quote_figures(rfi_revision=bid.rfi.revision, amount_minor=20_000)
    again, is_new = await quotes.submit(stage.world, bid.vendor, bid.rfi.id, figures)
    assert (again.state, again.revision, is_new) == (QuoteState.SUBMITTED, 2, False)

    declined = await quotes.decline(stage.world, bid.customer, bid.quote.id, 2, "Too dear")
    assert (declined.closed_reason, declined.closed_note) == ("declined", "Too dear")
    third, _ = await quotes.submit(stage.world, bid.vendor, bid.rfi.id, figures)
    assert (third.revision, third.closed_note) == (3, None)
    assert await bid.notices() == [
        "quote_withdrawn",
        "quote_updated",
        "quote_declined",
        "quote_updated",
    ]


async def test_ending_a_quote_twice_changes_nothing(stage: Stage) -> None:
    """A repeated request gets the same answer, and nobody is told again."""
    bid = await a_bid(stage)
    first = await quotes.withdraw(stage.world, bid.vendor, bid.quote.id, None)
    before = stage.store.tables.snapshot()

    assert await quotes.withdraw(stage.world, bid.vendor, bid.quote.id, "Again") == first

    assert stage.store.tables.snapshot() == before


async def test_a_decline_of_figures_that_the_customer_has_not_seen_is_refused(
    stage: Stage,
) -> None:
    """The vendor had made a better quote meanwhile."""
    bid = await a_bid(stage)
    better = quote_figures(rfi_revision=bid.rfi.revision, amount_minor=1)
    await quotes.submit(stage.world, bid.vendor, bid.rfi.id, better)

    command = quotes.decline(stage.world, bid.customer, bid.quote.id, 1, None)

    assert await refused(command) is Code.STALE_REVISION
    assert (await bid.seen()).state is QuoteState.SUBMITTED


async def test_a_block_stops_words_and_confirmations_but_no_withdrawal(stage: Stage) -> None:
    """Nothing that somebody wrote crosses a block; each side can still end the quote."""
    bid = await a_bid(stage)
    await bid.block()

    for command in (
        quotes.withdraw(stage.world, bid.vendor, bid.quote.id, "Read this"),
        quotes.decline(stage.world, bid.customer, bid.quote.id, None, "Read this"),
        quotes.confirm(stage.world, bid.vendor, bid.quote.id, None),
    ):
        assert await refused(command) is Code.BLOCKED
    withdrawn = await quotes.withdraw(stage.world, bid.vendor, bid.quote.id, None)
    assert withdrawn.closed_reason == "withdrawn"


async def test_only_the_vendor_confirms_and_withdraws_and_only_the_customer_declines(
    stage: Stage,
) -> None:
    """Who may know of the quote is forbidden, everybody else finds nothing; nothing changes."""
    bid = await a_bid(stage)
    strangers = [await stage.customer(), await stage.vendor(categories=("roofing",))]
    admin = Actor("admin", Role.ADMIN)
    before = stage.store.tables.snapshot()

    def of_vendor(actor: Actor) -> list[Any]:
        return [
            quotes.confirm(stage.world, actor, bid.quote.id, None),
            quotes.withdraw(stage.world, actor, bid.quote.id, None),
        ]

    def of_customer(actor: Actor) -> list[Any]:
        return [quotes.decline(stage.world, actor, bid.quote.id, None, None)]

    for command in (
        *of_vendor(bid.customer),
        *of_customer(bid.vendor),
        *of_vendor(admin),
        *of_customer(admin),
    ):
        assert await refused(command) is Code.FORBIDDEN
    for stranger in strangers:
        for command in (*of_vendor(stranger), *of_customer(stranger)):
            assert await refused(command) is Code.NOT_FOUND
    unknown = quotes.withdraw(stage.world, bid.vendor, "unknown", None)
    assert await refused(unknown) is Code.NOT_FOUND
    assert stage.store.tables.snapshot() == before


async def test_a_suspended_vendor_does_nothing_with_its_quote(stage: Stage) -> None:
    """It may read its conversations and no more."""
    bid = await a_bid(stage)
    admin = an_actor(Role.ADMIN)
    await vendors.decide(stage.world, admin, bid.vendor.account_id, "suspend", "Complaints.")

    for command in (
        quotes.confirm(stage.world, bid.vendor, bid.quote.id, None),
        quotes.withdraw(stage.world, bid.vendor, bid.quote.id, None),
    ):
        assert await refused(command) is Code.FORBIDDEN


async def test_each_revision_says_what_changed(stage: Stage) -> None:
    """Pages are compared with the revision before their first one."""
    bid = await a_bid(stage)
    for amount_minor in (20_000, 15_000):
        content = quote_figures(rfi_revision=bid.rfi.revision, amount_minor=amount_minor)
        await quotes.submit(stage.world, bid.vendor, bid.rfi.id, content)

    async def read(after: int, limit: int) -> list[tuple[int, list[tuple[Any, Any]]]]:
        found = await quote_reading.visible_revisions(
            stage.world, bid.customer, bid.quote.id, after, limit
        )
        return [
            (revision.revision, [(change.old, change.new) for change in revision.changes])
            for revision in found
        ]

    first: tuple[int, list[Any]] = (1, [])
    second, third = (2, [(25_000, 20_000)]), (3, [(20_000, 15_000)])
    assert await read(0, 10) == [first, second, third]
    assert await read(0, 2) == [first, second]
    assert await read(1, 10) == [second, third]
    assert await read(2, 1) == [third]
    assert await read(3, 10) == []


async def test_a_quote_has_files_that_both_sides_see(stage: Stage) -> None:
    """Those of an earlier revision stay readable with it; nobody else sees any."""
    bid = await a_bid(stage)
    first, second = [an_attachment(account_id=bid.vendor.account_id) for _ in range(2)]
    for attachment in (first, second):
        await stage.store.attachments.add(attachment)
    for chosen in ([first.id], [second.id, first.id], [second.id]):
        content = quote_figures(rfi_revision=bid.rfi.revision, attachment_ids=chosen)
        quote, _ = await quotes.submit(stage.world, bid.vendor, bid.rfi.id, content)
        assert quote.attachment_ids == tuple(chosen)

    for reader in (bid.customer, bid.vendor, Actor("admin", Role.ADMIN)):
        for attachment in (first, second):
            assert (await visible_attachment(stage.world, reader, attachment.id)).owner is not None
    for stranger in (await stage.customer(), await stage.vendor(categories=("roofing",))):
        command = visible_attachment(stage.world, stranger, first.id)
        assert await refused(command) is Code.NOT_FOUND


async def test_a_quote_names_only_its_vendors_own_free_files(stage: Stage) -> None:
    """Not an unknown one, nor somebody else's, nor one that is used elsewhere; nothing is stored."""
    bid = await a_bid(stage)
    others = an_attachment()
    used = an_attachment(
        account_id=bid.vendor.account_id, owner=Owner(OwnerKind.QUOTE, "another"), unused_since=None
    )
    for attachment in (others, used):
        await stage.store.attachments.add(attachment)
    before = stage.store.tables.snapshot()

    for attachment_ids in (["unknown"], [others.id], [used.id]):
        content = quote_figures(rfi_revision=bid.rfi.revision, attachment_ids=attachment_ids)
        command = quotes.submit(stage.world, bid.vendor, bid.rfi.id, content)
        assert await refused(command) is Code.VALIDATION_FAILED

    assert stage.store.tables.snapshot() == before
