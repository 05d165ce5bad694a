"""Quotes."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain import quotes
from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import ClosedReason, Quote, QuoteState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_line, a_match, a_quote, an_accepted_match, quote_figures

LATER = NOW + timedelta(hours=1)


def test_a_quote_takes_its_people_from_the_accepted_match() -> None:
    """A quote has the match's people and conversation, and the vendor's figures."""
    match = an_accepted_match()

    quote = quotes.submit("q1", match, quote_figures(rfi_revision=3), NOW)

    assert quote.state is QuoteState.SUBMITTED
    assert (quote.rfi_id, quote.rfi_revision, quote.match_id) == (match.rfi_id, 3, match.id)
    assert (quote.vendor_id, quote.customer_id) == (match.vendor_id, match.customer_id)
    assert quote.conversation_id == match.conversation_id
    assert (quote.amount_minor, quote.currency) == (25_000, "USD")


@pytest.mark.parametrize("state", set(MatchState) - {MatchState.ACCEPTED})
def test_a_quote_needs_an_accepted_match(state: MatchState) -> None:
    """A vendor must accept the match before it quotes."""
    with pytest.raises(ParleyError) as refused:
        quotes.submit("q1", a_match(state=state), quote_figures(), NOW)

    assert refused.value.code is Code.WRONG_STATE


def test_quoting_again_replaces_the_figures_and_keeps_the_quote() -> None:
    """A customer sees one quote per vendor, with the latest price."""
    quote = a_quote()

    revised = quotes.revise(quote, quote_figures(amount_minor=20_000, rfi_revision=2), LATER)

    assert (revised.id, revised.submitted_at) == (quote.id, quote.submitted_at)
    assert (revised.amount_minor, revised.rfi_revision) == (20_000, 2)
    assert revised.updated_at == LATER


@pytest.mark.parametrize("over_since_s", [0, 1, 3_600])
def test_a_quote_that_has_already_expired_is_refused(over_since_s: int) -> None:
    """An expiry in the past is refused in a first quote and in a revision."""
    figures = quote_figures(valid_until=NOW - timedelta(seconds=over_since_s))

    attempts: list[Callable[[], object]] = [
        lambda: quotes.submit("q1", an_accepted_match(), figures, NOW),
        lambda: quotes.revise(a_quote(), figures, NOW),
    ]
    for attempt in attempts:
        with pytest.raises(ParleyError, match="in the future") as refused:
            attempt()
        assert refused.value.code is Code.VALIDATION_FAILED


def test_a_quote_can_be_awarded_until_it_expires() -> None:
    """A quote can be awarded at its expiry, and not a moment later."""
    quote = a_quote(valid_until=LATER)

    assert quotes.award(quote, LATER).state is QuoteState.AWARDED
    assert quotes.award(a_quote(valid_until=None), LATER).state is QuoteState.AWARDED
    with pytest.raises(ParleyError, match="expired") as refused:
        quotes.award(quote, LATER + timedelta(milliseconds=1))
    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("state", [QuoteState.AWARDED, QuoteState.CLOSED])
def test_an_awarded_or_closed_quote_cannot_change(state: QuoteState) -> None:
    """Neither the vendor nor the customer can change an awarded or closed quote."""
    quote = a_quote(state=state)

    attempts: list[Callable[[], object]] = [
        lambda: quotes.revise(quote, quote_figures(), LATER),
        lambda: quotes.award(quote, LATER),
    ]
    for attempt in attempts:
        with pytest.raises(ParleyError) as refused:
            attempt()
        assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize("reason", ClosedReason)
def test_only_a_quote_that_ended_by_itself_can_be_revised(reason: ClosedReason) -> None:
    """After a withdrawal, a decline or an expiry the vendor may quote again; not after the RFI's end."""
    closed = quotes.close(a_quote(), reason, LATER, "Too late")
    is_revisable = reason in {
        ClosedReason.WITHDRAWN,
        ClosedReason.DECLINED,
        ClosedReason.EXPIRED,
    }

    if is_revisable:
        again = quotes.revise(closed, quote_figures(), LATER)
        assert (again.state, again.revision) == (QuoteState.SUBMITTED, 2)
        assert (again.closed_reason, again.closed_note) == (None, None)
    else:
        with pytest.raises(ParleyError) as refused:
            quotes.revise(closed, quote_figures(), LATER)
        assert refused.value.code is Code.WRONG_STATE


def test_a_closed_quote_says_why() -> None:
    """A quote is closed with a reason, and with what the person said."""
    closed = quotes.close(a_quote(), ClosedReason.DECLINED, LATER, "Too dear")

    assert (closed.state, closed.updated_at) == (QuoteState.CLOSED, LATER)
    assert (closed.closed_reason, closed.closed_note) == (ClosedReason.DECLINED, "Too dear")


def test_a_revision_without_lines_has_none() -> None:
    """What a vendor leaves out of a revision is not in it any more."""
    quote = a_quote(amount_minor=1_000, lines=(a_line(unit_price_minor=1_000),))

    revised = quotes.revise(quote, quote_figures(amount_minor=7), LATER)

    assert (revised.lines, revised.subtotal_minor, revised.tax_minor) == ((), None, None)


def test_a_total_is_checked_in_a_first_quote_and_in_a_revision() -> None:
    """The total must follow from the lines."""
    figures = quote_figures(amount_minor=999, lines=(a_line(unit_price_minor=1_000),))

    attempts: list[Callable[[], object]] = [
        lambda: quotes.submit("q1", an_accepted_match(), figures, NOW),
        lambda: quotes.revise(a_quote(), figures, NOW),
    ]
    for attempt in attempts:
        with pytest.raises(ParleyError) as refused:
            attempt()
        assert [error.path for error in refused.value.errors] == ["amount_minor"]


def test_an_expired_quote_counts_as_closed_before_it_is_stored_so() -> None:
    """It is valid at `valid_until`, and closed from the next millisecond on."""
    quote, over = a_quote(valid_until=LATER), LATER + timedelta(milliseconds=1)

    assert quotes.as_of(quote, LATER) == quote
    expired = quotes.as_of(quote, over + timedelta(days=9))
    assert (expired.state, expired.closed_reason) == (QuoteState.CLOSED, ClosedReason.EXPIRED)
    assert expired.updated_at == over
    awarded = replace(quote, state=QuoteState.AWARDED)
    assert quotes.as_of(awarded, over) == awarded


def test_a_quote_may_be_valid_until_the_last_moment_that_there_is() -> None:
    """The last millisecond of the year 9999 has no next one."""
    last = datetime.max.replace(microsecond=999_000, tzinfo=UTC)
    quote = a_quote(valid_until=last)

    assert quote.expires_at == last
    assert quotes.as_of(quote, LATER) == quote


def test_a_withdrawal_or_a_decline_repeated_changes_nothing() -> None:
    """A lost answer can be asked for again; the other end of the quote is refused."""
    withdrawn = quotes.end(a_quote(), ClosedReason.WITHDRAWN, NOW, "Fully booked")

    assert quotes.end(withdrawn, ClosedReason.WITHDRAWN, LATER, "Other words") is withdrawn
    with pytest.raises(ParleyError) as refused:
        quotes.end(withdrawn, ClosedReason.DECLINED, LATER, None)
    assert refused.value.code is Code.WRONG_STATE


@pytest.mark.parametrize(
    "quote",
    [
        a_quote(state=QuoteState.AWARDED),
        a_quote(state=QuoteState.CLOSED),
        a_quote(valid_until=NOW),
    ],
)
def test_a_quote_that_cannot_be_awarded_is_neither_ended_nor_confirmed(quote: Quote) -> None:
    """It was awarded, is closed, or has expired."""
    attempts: list[Callable[[], object]] = [
        lambda: quotes.end(quote, ClosedReason.WITHDRAWN, LATER, None),
        lambda: quotes.end(quote, ClosedReason.DECLINED, LATER, None),
        lambda: quotes.confirm(quote, 9, LATER),
    ]
    for attempt in attempts:
        with pytest.raises(ParleyError) as refused:
            attempt()
        assert refused.value.code is Code.WRONG_STATE


def test_a_quote_is_outdated_until_its_vendor_agrees_to_the_change() -> None:
    """By confirming it, at the same revision of the quote, or by quoting again."""
    quote = a_quote(rfi_revision=2)

    assert quotes.outdated_by(quote, 0) is None
    assert quotes.outdated_by(quote, 2) is None
    assert quotes.outdated_by(quote, 4) == 4
    confirmed = quotes.confirm(quote, 5, LATER)
    assert quotes.outdated_by(confirmed, 4) is None
    assert quotes.outdated_by(confirmed, 6) == 6
    assert (confirmed.revision, confirmed.amount_minor) == (1, quote.amount_minor)
    assert quotes.confirm(confirmed, 5, LATER + timedelta(hours=1)) is confirmed
    revised = quotes.revise(confirmed, quote_figures(rfi_revision=4), LATER)
    assert revised.confirmed_rfi_revision is None
    assert quotes.outdated_by(quotes.close(quote, ClosedReason.EXPIRED, LATER), 4) is None


def test_a_seen_quote_is_the_quote_and_a_mark() -> None:
    """Everything that the quote has, and the revision that outdates it."""
    quote = a_quote(rfi_revision=2, lines=(a_line(),), valid_until=LATER)

    seen = quotes.seen(quote, 3)

    assert seen.outdated_by_revision == 3
    assert all(getattr(seen, field.name) == getattr(quote, field.name) for field in fields(Quote))


def test_a_quote_returns_with_its_rfi_unless_it_has_expired() -> None:
    """After the award was cancelled, the winner's and the others' quotes can be awarded again."""
    lost = quotes.close(a_quote(valid_until=LATER), ClosedReason.RFI_AWARDED, NOW)
    won = a_quote(state=QuoteState.AWARDED)

    for quote in (lost, won):
        opened = quotes.reopen(quote, LATER)
        assert (opened.state, opened.closed_reason) == (QuoteState.SUBMITTED, None)
    late = quotes.reopen(lost, LATER + timedelta(seconds=1))
    assert (late.state, late.closed_reason) == (QuoteState.CLOSED, ClosedReason.EXPIRED)
