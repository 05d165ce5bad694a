"""Decisions: as admins see them, and as the timeline of an RFI shows them."""

from marshmallow import fields

from marketplace.domain.accounts import Role
from marketplace.domain.decisions import DecisionKind
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class DecisionSummary(Strict):
    """A decision without what it was decided from."""

    id = Identifier(required=True)
    at = Moment(required=True)
    kind = one_of(DecisionKind, required=True)
    subject_id = Identifier(required=True)
    rule = fields.String(required=True)
    rule_version = Whole(required=True)
    outcome = fields.Dict(required=True)


class DecisionRecordView(DecisionSummary):
    """A decision with everything from which it can be recomputed.

    `subject_id` is the id of an RFI, a match, a vendor or a notification. `reasons` says why
    something was passed over, by its id.
    """

    actor_id = fields.String(required=True)
    actor_role = one_of(Role, required=True)
    inputs = fields.Dict(required=True)
    reasons = fields.Dict(required=True)
    causation_id = fields.String(allow_none=True)
