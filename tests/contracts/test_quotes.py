"""Quotes."""

from dataclasses import replace

from marketplace.domain.quote_revisions import revision_of
from marketplace.domain.quotes import ClosedReason, QuoteState
from marketplace.ports import Store
from tests.builders import NOW, a_line, a_quote
from tests.contracts.helpers import concurrently


async def test_a_stored_quote_reads_back_equal(store: Store) -> None:
    """A quote reads back equal by id and by (RFI, vendor); an unknown quote is None."""
    quote = a_quote(
        valid_until=NOW,
        amount_minor=2**53 - 1,
        lines=(a_line(), a_line(quantity_thousandths=1, unit_price_minor=-(2**53 - 1))),
        attachment_ids=("a1", "a2"),
        confirmed_rfi_revision=7,
        closed_reason=ClosedReason.WITHDRAWN,
        closed_note="Fully booked",
    )
    await store.quotes.add(quote)

    assert await store.quotes.get(quote.id) == quote
    assert await store.quotes.of_pair(quote.rfi_id, quote.vendor_id) == quote
    assert await store.quotes.get("unknown") is None
    assert await store.quotes.of_pair(quote.rfi_id, "unknown") is None


async def test_a_vendor_has_one_quote_on_an_rfi(store: Store) -> None:
    """Of ten concurrent quotes of a vendor on an RFI, one is stored."""
    rivals = [a_quote(rfi_id="rfi", vendor_id="vendor") for _ in range(10)]

    outcomes = await concurrently(*(store.quotes.add(quote) for quote in rivals))

    assert outcomes.count(None) == 1
    assert await store.quotes.of_rfi("rfi") == [rivals[outcomes.index(None)]]


async def test_a_saved_quote_replaces_every_field(store: Store) -> None:
    """Saving a quote replaces all its fields, and clears an expiry that was removed."""
    quote = a_quote(valid_until=NOW)
    await store.quotes.add(quote)
    changed = replace(quote, state=QuoteState.AWARDED, amount_minor=1, valid_until=None)

    await store.quotes.save(changed)

    assert await store.quotes.get(quote.id) == changed


async def test_an_rfis_quotes_are_listed_in_order_of_arrival(store: Store) -> None:
    """A revised quote keeps its place; other RFIs' quotes are not in the list."""
    quotes = [a_quote(rfi_id="rfi") for _ in range(4)]
    for quote in (*quotes, a_quote()):
        await store.quotes.add(quote)
    revised = replace(quotes[1], amount_minor=1)
    await store.quotes.save(revised)

    assert await store.quotes.of_rfi("rfi") == [quotes[0], revised, *quotes[2:]]


async def test_each_revision_is_stored_once_and_read_in_order(store: Store) -> None:
    """A stored revision never changes; other quotes' revisions are not in the list."""
    first = a_quote(valid_until=NOW, lines=(a_line(),), attachment_ids=("a1",))
    second, third = (replace(first, revision=n, amount_minor=n) for n in (2, 3))
    for quote in (third, first, second, replace(first, amount_minor=7), a_quote()):
        await store.quotes.keep_revision(revision_of(quote))

    assert await store.quotes.revisions(first.id, 0, 10) == [
        revision_of(quote) for quote in (first, second, third)
    ]
    assert await store.quotes.revisions(first.id, 1, 1) == [revision_of(second)]
    assert await store.quotes.revisions(first.id, 3, 10) == []
