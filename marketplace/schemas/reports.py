"""Reports of messages: filing, closing, and the admins' view."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from marketplace.domain.reports import ReportReason
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.texts import Text
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, one_of
from marketplace.schemas.strict import Strict


class ReportMessage(Strict):
    """The body of POST /v1/conversations/{id}/messages/{message_id}/report.

    The reason `other` requires `details`.
    """

    reason = one_of(ReportReason, required=True)
    details = Text(longest=1_000, load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _explains_other(self, data: dict[str, Any], **_: Any) -> None:
        if data["reason"] == ReportReason.OTHER and data["details"] is None:
            raise ValidationError(
                "Describe what is wrong; required when the reason is other.", "details"
            )


class CloseReport(Strict):
    """The body of POST /v1/admin/reports/{id}/close."""

    resolution = Text(required=True, longest=1_000)


class FiledReport(Strict):
    """A report as its reporter sees it."""

    id = Identifier(required=True)
    conversation_id = Identifier(required=True)
    message_id = Identifier(required=True)
    reason = fields.String(required=True)
    details = fields.String(allow_none=True)
    created_at = Moment(required=True)


class ReportView(FiledReport):
    """A report as admins see it; `body` is the message text at the time of the report."""

    state = fields.String(required=True)
    rfi_id = Identifier(required=True)
    sequence = Whole(required=True)
    sender_id = Identifier(required=True)
    body = fields.String(required=True)
    reporter_id = Identifier(required=True)
    closed_at = Moment(allow_none=True)
    closed_by = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)
