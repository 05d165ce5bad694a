"""Quotes: a vendor's price for one revision of an RFI.

A further quote by the same vendor makes the next revision of its quote, numbered densely from 1. An
award names the revision that the customer decided on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.rfis import Budget
from marketplace.errors import Code, FieldError, ParleyError, invalid


class QuoteState(StrEnum):
    """A submitted quote can be awarded, which closes the RFI's other quotes in one transaction."""

    SUBMITTED = "submitted"
    AWARDED = "awarded"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Quote:
    """A vendor's only live quote on an RFI, at `revision`."""

    id: str
    rfi_id: str
    rfi_revision: int
    match_id: str
    conversation_id: str
    customer_id: str
    vendor_id: str
    vendor_name: str
    state: QuoteState
    amount_minor: int
    currency: str
    message: str
    valid_until: datetime | None
    submitted_at: datetime
    updated_at: datetime
    revision: int = 1


@dataclass(frozen=True, slots=True)
class QuoteRevision:
    """The figures of a quote at one of its revisions, and when the vendor gave them."""

    quote_id: str
    revision: int
    at: datetime
    rfi_revision: int
    amount_minor: int
    currency: str
    message: str
    valid_until: datetime | None

    @property
    def key(self) -> str:
        """What identifies the revision among those of all quotes."""
        return f"{self.quote_id}:{self.revision}"

    def has_figures_of(self, quote: Quote) -> bool:
        """Whether the quote has the same figures."""
        return all(getattr(self, name) == getattr(quote, name) for name in FIGURES)


# The fields that a vendor writes, and that a revision stores.
FIGURES = ("rfi_revision", "amount_minor", "currency", "message", "valid_until")


def submit(quote_id: str, match: Match, figures: Mapping[str, Any], now: datetime) -> Quote:
    """A new quote on an accepted match.

    Raises:
        ParleyError: `wrong_state` unless the vendor accepted the match and it is still live;
            `validation_failed` if the quote would already have expired.
    """
    conversation_id = require_accepted(match)
    _require_valid(figures, now)
    return Quote(
        id=quote_id,
        rfi_id=match.rfi_id,
        match_id=match.id,
        conversation_id=conversation_id,
        customer_id=match.customer_id,
        vendor_id=match.vendor_id,
        vendor_name=match.vendor_name,
        state=QuoteState.SUBMITTED,
        submitted_at=now,
        updated_at=now,
        **figures,
    )


def revise(quote: Quote, figures: Mapping[str, Any], now: datetime) -> Quote:
    """The quote with new figures, at its next revision.

    Raises:
        ParleyError: `wrong_state` if it was awarded or closed.
    """
    if quote.state is not QuoteState.SUBMITTED:
        raise ParleyError(
            Code.WRONG_STATE, f"The quote is {quote.state} and can no longer be changed."
        )
    _require_valid(figures, now)
    return replace(quote, **figures, revision=quote.revision + 1, updated_at=now)


def revision_of(quote: Quote) -> QuoteRevision:
    """The current revision of a submitted quote."""
    figures = {name: getattr(quote, name) for name in FIGURES}
    return QuoteRevision(quote.id, quote.revision, quote.updated_at, **figures)


def require_accepted(match: Match) -> str:
    """The conversation of a match that accepts quotes.

    Raises:
        ParleyError: `wrong_state` unless the vendor accepted the match and it is still live.
    """
    if match.state is not MatchState.ACCEPTED or match.conversation_id is None:
        raise ParleyError(Code.WRONG_STATE, "Accept the match before you submit a quote.")
    return match.conversation_id


def require_revision(quote: Quote, expected: int) -> None:
    """Refuse an award that was decided on other figures than the quote has now.

    Raises:
        ParleyError: `stale_revision`, with the quote's current figures.
    """
    if quote.revision != expected:
        field_error = FieldError("quote_revision", f"The current revision is {quote.revision}.")
        raise ParleyError(
            Code.STALE_REVISION,
            f"The quote is at revision {quote.revision}, not {expected}: {quote.amount_minor} "
            f"{quote.currency} in minor units. Read it again and decide on the current revision.",
            errors=[field_error],
        )


def require_currency(figures: Mapping[str, Any], budget: Budget | None) -> None:
    """Refuse a quote in a currency other than that of the customer's budget.

    Raises:
        ParleyError: `validation_failed` with the path `currency`.
    """
    if budget is not None and figures["currency"] != budget.currency:
        raise invalid("currency", f"Must be {budget.currency}, the currency of the RFI's budget.")


def award(quote: Quote, now: datetime) -> Quote:
    """The quote after it was awarded.

    Raises:
        ParleyError: `wrong_state` if it is closed or has expired.
    """
    if quote.state is not QuoteState.SUBMITTED:
        raise ParleyError(Code.WRONG_STATE, f"The quote is already {quote.state}.")
    if quote.valid_until is not None and quote.valid_until < now:
        raise ParleyError(Code.WRONG_STATE, "The quote has expired. Ask the vendor for a new one.")
    return replace(quote, state=QuoteState.AWARDED, updated_at=now)


def close(quote: Quote, now: datetime) -> Quote:
    """The quote after another one was awarded, or after the RFI was withdrawn."""
    return replace(quote, state=QuoteState.CLOSED, updated_at=now)


def _require_valid(figures: Mapping[str, Any], now: datetime) -> None:
    valid_until = figures.get("valid_until")
    if valid_until is not None and valid_until <= now:
        raise invalid("valid_until", "Must be in the future.")
