"""Quotes: a vendor's price, pinned to the revision of the RFI it was made for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.domain.matches import Match, MatchState
from marketplace.errors import Code, ParleyError


class QuoteState(StrEnum):
    """A submitted quote can be awarded; the others of the RFI are closed in the same write."""

    SUBMITTED = "submitted"
    AWARDED = "awarded"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Quote:
    """The one live quote of a vendor on an RFI; quoting again replaces its figures."""

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


def submit(quote_id: str, match: Match, figures: Mapping[str, Any], now: datetime) -> Quote:
    """A new quote on an accepted match.

    Raises:
        ParleyError: `wrong_state` unless the vendor accepted the match and it is still live;
            `validation_failed` when it would be over before it is made.
    """
    if match.state is not MatchState.ACCEPTED or match.conversation_id is None:
        raise ParleyError(Code.WRONG_STATE, "Accept the match before quoting.")
    _require_valid(figures, now)
    return Quote(
        id=quote_id,
        rfi_id=match.rfi_id,
        match_id=match.id,
        conversation_id=match.conversation_id,
        customer_id=match.customer_id,
        vendor_id=match.vendor_id,
        vendor_name=match.vendor_name,
        state=QuoteState.SUBMITTED,
        submitted_at=now,
        updated_at=now,
        **figures,
    )


def revise(quote: Quote, figures: Mapping[str, Any], now: datetime) -> Quote:
    """The quote with new figures.

    Raises:
        ParleyError: `wrong_state` when it was awarded or closed.
    """
    if quote.state is not QuoteState.SUBMITTED:
        raise ParleyError(Code.WRONG_STATE, f"The quote is {quote.state} and changes no more.")
    _require_valid(figures, now)
    return replace(quote, **figures, updated_at=now)


def award(quote: Quote, now: datetime) -> Quote:
    """The quote that won.

    Raises:
        ParleyError: `wrong_state` when it is closed, or its validity is over.
    """
    if quote.state is not QuoteState.SUBMITTED:
        raise ParleyError(Code.WRONG_STATE, f"The quote is {quote.state}.")
    if quote.valid_until is not None and quote.valid_until < now:
        raise ParleyError(Code.WRONG_STATE, "The quote's validity is over; ask for a new one.")
    return replace(quote, state=QuoteState.AWARDED, updated_at=now)


def close(quote: Quote, now: datetime) -> Quote:
    """The quote after another won, or after the RFI was withdrawn."""
    return replace(quote, state=QuoteState.CLOSED, updated_at=now)


def _require_valid(figures: Mapping[str, Any], now: datetime) -> None:
    valid_until = figures.get("valid_until")
    if valid_until is not None and valid_until <= now:
        raise ParleyError(Code.VALIDATION_FAILED, "valid_until: must lie in the future.")
