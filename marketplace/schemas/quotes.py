"""Quotes: what a vendor submits, and how a quote looks."""

from marshmallow import fields, validate

from marketplace.domain.quote_lines import (
    MAX_DESCRIPTION,
    MAX_LINES,
    MAX_MINOR,
    MAX_QUANTITY_THOUSANDTHS,
    MAX_TAX_RATE_THOUSANDTHS,
)
from marketplace.domain.quotes import QuoteState
from marketplace.schemas.fields.numbers import ThreeDecimals, Whole
from marketplace.schemas.fields.texts import Line, Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, currency, one_of
from marketplace.schemas.rfis import ChangeView
from marketplace.schemas.strict import Strict

_LINES_ABOUT = (
    "What the amount consists of. A line's amount is `quantity` × `unit_price_minor`, and the tax is "
    "computed for each `tax_rate` from the sum of its lines; both are rounded to the nearest minor "
    "unit, halves away from zero. `amount_minor` must be the sum of all lines and taxes."
)


def _quantity() -> ThreeDecimals:
    return ThreeDecimals(data_key="quantity", required=True, least=1, most=MAX_QUANTITY_THOUSANDTHS)


class SubmitQuoteLine(Strict):
    """One line of a quote; a discount has a negative price.

    `quantity` and `tax_rate` (in percent) have at most three decimals.
    """

    description = Line(required=True, longest=MAX_DESCRIPTION)
    quantity_thousandths = _quantity()
    unit_price_minor = Whole(required=True, least=-MAX_MINOR)
    tax_rate_thousandths = ThreeDecimals(
        data_key="tax_rate", load_default=0, most=MAX_TAX_RATE_THOUSANDTHS
    )


class QuoteLineView(Strict):
    """One line of a quote, with its amount before tax."""

    description = fields.String(required=True)
    quantity_thousandths = _quantity()
    unit_price_minor = Whole(required=True, least=-MAX_MINOR)
    tax_rate_thousandths = ThreeDecimals(
        data_key="tax_rate", required=True, most=MAX_TAX_RATE_THOUSANDTHS
    )
    amount_minor = Whole(required=True, least=-MAX_MINOR)


class SubmitQuote(Strict):
    """The body of POST /v1/rfis/{id}/quotes.

    A second quote from the same vendor becomes the quote's next revision.
    """

    rfi_revision = Whole(required=True, least=1)
    amount_minor = Whole(required=True, least=1)
    currency = currency(required=True)
    message = Text(required=True, longest=4_000)
    valid_until = Moment(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(SubmitQuoteLine),
        load_default=list,
        validate=validate.Length(max=MAX_LINES),
        metadata={"description": _LINES_ABOUT},
    )
    attachment_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=20))


class ConfirmQuote(Strict):
    """The body of POST /v1/quotes/{id}/confirm: the revision of the RFI that the vendor has read.

    Without it, the current revision is confirmed.
    """

    rfi_revision = Whole(load_default=None, allow_none=True, least=1)


class WithdrawQuote(Strict):
    """The body of POST /v1/quotes/{id}/withdraw."""

    reason = Text(longest=500, load_default=None, allow_none=True)


class DeclineQuote(Strict):
    """The body of POST /v1/quotes/{id}/decline: why, and the revision that the customer decided on.

    Without `quote_revision`, the quote is declined at whichever revision it is.
    """

    reason = Text(longest=500, load_default=None, allow_none=True)
    quote_revision = Whole(load_default=None, allow_none=True, least=1)


class PricedView(Strict):
    """The figures that a vendor gave.

    `subtotal_minor` and `tax_minor` are null if the quote has no lines.
    """

    amount_minor = Whole(required=True)
    currency = fields.String(required=True)
    message = fields.String(required=True)
    valid_until = Moment(allow_none=True)
    lines = fields.List(fields.Nested(QuoteLineView))
    subtotal_minor = Whole(allow_none=True, least=-MAX_MINOR)
    tax_minor = Whole(allow_none=True, least=-MAX_MINOR)
    attachment_ids = fields.List(Identifier())


class QuoteRevisionView(PricedView):
    """The figures of a quote at one revision, and when the vendor submitted them.

    `changes` has the figures that differ from the revision before; `lines.1.quantity` is the
    quantity of the second line.
    """

    quote_id = Identifier(required=True)
    revision = Whole(required=True, least=1)
    at = Moment(required=True)
    rfi_revision = Whole(required=True)
    changes = fields.List(fields.Nested(ChangeView), required=True)


class QuoteView(PricedView):
    """A vendor's price for a revision of an RFI.

    `outdated_by_revision` is the RFI's newest revision with a change that can change a price, if the
    vendor has neither quoted for it nor confirmed the quote (`confirmed_rfi_revision`).
    `closed_reason` is `withdrawn`, `declined`, `expired`, `rfi_awarded`, `rfi_withdrawn` or
    `match_closed`; it is null for quotes that version 0.1 closed.
    """

    id = Identifier(required=True)
    revision = Whole(required=True, least=1)
    rfi_id = Identifier(required=True)
    rfi_revision = Whole(required=True)
    match_id = Identifier(required=True)
    conversation_id = Identifier(required=True)
    customer_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    vendor_name = fields.String(required=True)
    state = one_of(QuoteState, required=True)
    submitted_at = Moment(required=True)
    updated_at = Moment(required=True)
    confirmed_rfi_revision = Whole(allow_none=True)
    outdated_by_revision = Whole(allow_none=True, dump_default=None)
    closed_reason = fields.String(allow_none=True)
    closed_note = fields.String(allow_none=True)
