"""The audit trail, as admins see it."""

from marshmallow import fields

from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.rfis import ChangeView
from marketplace.schemas.strict import Strict


class AuditRecordView(Strict):
    """Who changed what, from what, to what, and why."""

    id = Identifier(required=True)
    at = Moment(required=True)
    subject_id = Identifier(required=True)
    action = fields.String(required=True)
    actor_id = fields.String(required=True)
    actor_role = fields.String(required=True)
    changes = fields.List(fields.Nested(ChangeView), required=True)
    reason = fields.String(required=True, allow_none=True)
    correlation_id = fields.String(required=True, allow_none=True)
