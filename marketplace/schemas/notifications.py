"""Notifications: what was sent to whom, by which channel, with what outcome."""

from marshmallow import fields

from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.strict import Strict


class NotificationView(Strict):
    """One notification to one account on one channel."""

    id = Identifier(required=True)
    account_id = Identifier(required=True)
    event_id = fields.String(required=True)
    kind = fields.String(required=True)
    channel = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(allow_none=True)
    created_at = Moment(required=True)
    updated_at = Moment(required=True)
