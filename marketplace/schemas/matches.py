"""Matches: how vendors and customers see them."""

from marshmallow import fields

from marketplace.domain.matches import MatchState
from marketplace.domain.rfis import RfiState
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.texts import Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class DeclineMatch(Strict):
    """The body of POST /v1/matches/{id}/decline."""

    reason = Text(longest=500, load_default=None, allow_none=True)


class MatchView(Strict):
    """One RFI offered to one vendor."""

    id = Identifier(required=True)
    rfi_id = Identifier(required=True)
    rfi_revision = Whole(required=True)
    customer_id = Identifier(required=True)
    vendor_id = Identifier(required=True)
    vendor_name = fields.String(required=True)
    state = one_of(MatchState, required=True)
    distance_m = Whole(required=True)
    score = fields.Float(required=True)
    reasons = fields.List(fields.String(), required=True)
    conversation_id = fields.String(allow_none=True)
    closed_reason = fields.String(allow_none=True)
    offered_at = Moment(required=True)
    updated_at = Moment(required=True)


class RfiSummary(Strict):
    """The part of an RFI that a list of matches shows."""

    id = Identifier(required=True)
    title = fields.String(required=True)
    category = fields.String(required=True)
    state = one_of(RfiState, required=True)
    revision = Whole(required=True)


class MatchWithRfi(MatchView):
    """A match as its vendor lists it."""

    rfi = fields.Nested(RfiSummary, required=True)
