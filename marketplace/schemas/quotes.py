"""Quotes: what a vendor submits, and how a quote looks."""

from marshmallow import fields

from marketplace.domain.quotes import QuoteState
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.texts import Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, currency, one_of
from marketplace.schemas.strict import Strict


class SubmitQuote(Strict):
    """The body of POST /v1/rfis/{id}/quotes.

    A second quote from the same vendor becomes the quote's next revision.
    """

    rfi_revision = Whole(required=True, least=1)
    amount_minor = Whole(required=True, least=1)
    currency = currency(required=True)
    message = Text(required=True, longest=4_000)
    valid_until = Moment(load_default=None, allow_none=True)


class QuoteRevisionView(Strict):
    """The figures of a quote at one revision, and when the vendor submitted them."""

    quote_id = Identifier(required=True)
    revision = Whole(required=True, least=1)
    at = Moment(required=True)
    rfi_revision = Whole(required=True)
    amount_minor = Whole(required=True)
    currency = fields.String(required=True)
    message = fields.String(required=True)
    valid_until = Moment(allow_none=True)


class QuoteView(Strict):
    """A vendor's price for a revision of an RFI."""

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
    amount_minor = Whole(required=True)
    currency = fields.String(required=True)
    message = fields.String(required=True)
    valid_until = Moment(allow_none=True)
    submitted_at = Moment(required=True)
    updated_at = Moment(required=True)
