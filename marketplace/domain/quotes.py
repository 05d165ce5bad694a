"""Quotes: a vendor's price for one revision of an RFI.

    submitted ─▶ awarded ◀─▶ (the award is cancelled) submitted
    submitted ─▶ closed: withdrawn, declined, expired; the next revision submits it again
    submitted ─▶ closed with its RFI, or with its match

A further quote by the same vendor makes the next revision of its quote, numbered densely from 1. An
award names the revision that the customer decided on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.domain.matches import Match, MatchState
from marketplace.domain.quote_lines import Priced, QuoteLine, require_total
from marketplace.domain.rfis import Budget
from marketplace.errors import Code, FieldError, ParleyError, invalid

# Moments are stored to the millisecond: the first at which a quote is no longer valid.
_MILLISECOND = timedelta(milliseconds=1)
# No later moment has a next millisecond.
_LAST = datetime.max.replace(microsecond=998_000, tzinfo=UTC)


class QuoteState(StrEnum):
    """A submitted quote can be awarded, which closes the RFI's other quotes in one transaction."""

    SUBMITTED = "submitted"
    AWARDED = "awarded"
    CLOSED = "closed"


class ClosedReason(StrEnum):
    """Why a quote is closed; a later version may know other reasons."""

    WITHDRAWN = "withdrawn"  # by its vendor
    DECLINED = "declined"  # by the customer
    EXPIRED = "expired"  # `valid_until` has passed
    RFI_AWARDED = "rfi_awarded"  # to another vendor
    RFI_WITHDRAWN = "rfi_withdrawn"
    MATCH_CLOSED = "match_closed"  # the RFI goes on without the vendor


# The vendor may quote again: the RFI and its match are as they were.
_REVISABLE = frozenset({ClosedReason.WITHDRAWN, ClosedReason.DECLINED, ClosedReason.EXPIRED})


@dataclass(frozen=True, slots=True)
class Quote(Priced):
    """A vendor's only quote on an RFI, at `revision`.

    `rfi_revision` is the revision of the RFI that the vendor quoted for, `confirmed_rfi_revision` a
    later one for which it confirmed the same figures. `closed_note` is what the vendor or the
    customer said about the end. The previous version stores neither of the last fields.
    """

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
    lines: tuple[QuoteLine, ...] = ()
    attachment_ids: tuple[str, ...] = ()
    confirmed_rfi_revision: int | None = None
    closed_reason: str | None = None
    closed_note: str | None = None

    @property
    def stands_on(self) -> int:
        """The latest revision of the RFI that the vendor has agreed to do the work for."""
        return max(self.rfi_revision, self.confirmed_rfi_revision or 0)

    @property
    def expires_at(self) -> datetime | None:
        """The first moment at which the quote can no longer be awarded."""
        return None if self.valid_until is None else min(self.valid_until, _LAST) + _MILLISECOND


@dataclass(frozen=True, slots=True)
class SeenQuote(Quote):
    """A quote, and whether the RFI has changed since in a way that can change the price.

    `outdated_by_revision` is the RFI's newest such revision; None if the vendor has quoted for it or
    confirmed it.
    """

    outdated_by_revision: int | None = None


def submit(quote_id: str, match: Match, figures: Mapping[str, Any], now: datetime) -> Quote:
    """A new quote on an accepted match.

    Raises:
        ParleyError: `wrong_state` unless the vendor accepted the match and it is still live;
            `validation_failed` if the quote would already have expired, or if its total does not
            follow from its lines.
    """
    conversation_id = require_accepted(match)
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
        **_checked(figures, now),
    )


def revise(quote: Quote, figures: Mapping[str, Any], now: datetime) -> Quote:
    """The quote with new figures, at its next revision, and submitted.

    Raises:
        ParleyError: `wrong_state` if it was awarded, or closed for good; `validation_failed` as
            `submit`.
    """
    if quote.state is not QuoteState.SUBMITTED and quote.closed_reason not in _REVISABLE:
        raise ParleyError(
            Code.WRONG_STATE, f"The quote is {quote.state} and can no longer be changed."
        )
    return replace(
        quote,
        **_checked(figures, now),
        state=QuoteState.SUBMITTED,
        confirmed_rfi_revision=None,
        closed_reason=None,
        closed_note=None,
        revision=quote.revision + 1,
        updated_at=now,
    )


def require_accepted(match: Match) -> str:
    """The conversation of a match that accepts quotes.

    Raises:
        ParleyError: `wrong_state` unless the vendor accepted the match and it is still live.
    """
    if match.state is not MatchState.ACCEPTED or match.conversation_id is None:
        raise ParleyError(Code.WRONG_STATE, "Accept the match before you submit a quote.")
    return match.conversation_id


def require_revision(quote: Quote, expected: int) -> None:
    """Refuse a decision that was made on other figures than the quote has now.

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


def not_found() -> ParleyError:
    """The answer for an unknown id, and for a quote that the caller may not see."""
    return ParleyError(Code.NOT_FOUND, "You have no quote with this id.")


def award(quote: Quote, now: datetime) -> Quote:
    """The quote after it was awarded.

    Raises:
        ParleyError: `wrong_state` if it is closed or has expired.
    """
    current = as_of(quote, now)
    if current.closed_reason == ClosedReason.EXPIRED:
        raise ParleyError(Code.WRONG_STATE, "The quote has expired. Ask the vendor for a new one.")
    if current.state is not QuoteState.SUBMITTED:
        raise ParleyError(Code.WRONG_STATE, f"The quote is already {current.state}.")
    return replace(quote, state=QuoteState.AWARDED, updated_at=now)


def close(quote: Quote, reason: ClosedReason, now: datetime, note: str | None = None) -> Quote:
    """The quote after it was closed, with what the person who closed it said."""
    return replace(
        quote, state=QuoteState.CLOSED, closed_reason=reason, closed_note=note, updated_at=now
    )


def end(quote: Quote, reason: ClosedReason, now: datetime, note: str | None) -> Quote:
    """The quote after its vendor withdrew it, or the customer declined it; done twice, it is done once.

    Raises:
        ParleyError: `wrong_state` if it was awarded, or closed for another reason.
    """
    current = as_of(quote, now)
    if current.closed_reason == reason:
        return quote
    _require_submitted(current)
    return close(quote, reason, now, note)


def confirm(quote: Quote, rfi_revision: int, now: datetime) -> Quote:
    """The quote with the same figures for a later revision of the RFI; done twice, it is done once.

    It keeps its revision: what the customer saw is what the vendor confirms.

    Raises:
        ParleyError: `wrong_state` if it was awarded, closed, or has expired.
    """
    _require_submitted(as_of(quote, now))
    if quote.stands_on >= rfi_revision:
        return quote
    return replace(quote, confirmed_rfi_revision=rfi_revision, updated_at=now)


def reopen(quote: Quote, now: datetime) -> Quote:
    """The quote after the award that won or closed it was cancelled; it may have expired since."""
    submitted = replace(quote, state=QuoteState.SUBMITTED, closed_reason=None, updated_at=now)
    if as_of(submitted, now).state is QuoteState.SUBMITTED:
        return submitted
    return close(quote, ClosedReason.EXPIRED, now)


def as_of(quote: Quote, now: datetime) -> Quote:
    """The quote at this moment: an expired one counts as closed, even if not yet stored so."""
    if quote.state is not QuoteState.SUBMITTED:
        return quote
    if quote.expires_at is None or now < quote.expires_at:
        return quote
    return close(quote, ClosedReason.EXPIRED, quote.expires_at)


def outdated_by(quote: Quote, material_revision: int) -> int | None:
    """The newest revision of the RFI that can change a price, if the vendor has not agreed to it."""
    is_decided = quote.state is QuoteState.CLOSED
    return None if is_decided or material_revision <= quote.stands_on else material_revision


def seen(quote: Quote, material_revision: int) -> SeenQuote:
    """The quote, marked if the RFI has changed since."""
    values = {field.name: getattr(quote, field.name) for field in fields(Quote)}
    return SeenQuote(**values, outdated_by_revision=outdated_by(quote, material_revision))


def _require_submitted(quote: Quote) -> None:
    if quote.closed_reason == ClosedReason.EXPIRED:
        raise ParleyError(Code.WRONG_STATE, "The quote has expired.")
    if quote.state is not QuoteState.SUBMITTED:
        raise ParleyError(Code.WRONG_STATE, f"The quote is already {quote.state}.")


def _checked(figures: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The figures, complete: what a vendor leaves out of a revision is not in it any more."""
    complete: dict[str, Any] = {"lines": (), "attachment_ids": (), **figures}
    valid_until = complete.get("valid_until")
    if valid_until is not None and valid_until <= now:
        raise invalid("valid_until", "Must be in the future.")
    require_total(complete["lines"], complete["amount_minor"])
    return complete
