"""Quotes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from marketplace.domain import quotes
from marketplace.domain.matches import MatchState
from marketplace.domain.quotes import QuoteState
from marketplace.errors import Code, ParleyError
from tests.builders import NOW, a_match, a_quote, an_accepted_match, quote_figures

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


def test_the_other_quotes_are_closed() -> None:
    """An award or a withdrawal closes the other quotes."""
    closed = quotes.close(a_quote(), LATER)

    assert (closed.state, closed.updated_at) == (QuoteState.CLOSED, LATER)
