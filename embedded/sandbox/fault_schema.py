"""A fault as JSON: the fields of `Fault`."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from embedded.sandbox.faults import AS_PROVIDER, DRIP, FORMS, RESET, TIMEOUT, Fault


def _is_status(status: object) -> None:
    is_http = isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599
    if not is_http and status not in (TIMEOUT, RESET, DRIP):
        raise ValidationError(f'Must be 200 to 599, "{TIMEOUT}", "{RESET}" or "{DRIP}".')


class FaultSchema(Schema):
    """Validates the fields of a fault."""

    channel = fields.String(required=True, validate=validate.OneOf(["email", "sms"]))
    status = fields.Raw(required=True, validate=_is_status)
    times = fields.Integer(strict=True, validate=validate.Range(1, 1_000_000))
    to = fields.String(allow_none=True, validate=validate.Length(1, 320))
    above_per_s = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 10_000))
    retry_after_s = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 86_400))
    code = fields.Integer(allow_none=True, strict=True, validate=validate.Range(10_000, 99_999))
    field = fields.String(allow_none=True, validate=validate.Length(1, 200))
    form = fields.String(validate=validate.OneOf(FORMS))
    location = fields.String(allow_none=True, validate=validate.Length(1, 2_000))
    is_accepted = fields.Boolean(truthy={True}, falsy={False})
    accepted_after_s = fields.Float(validate=validate.Range(0, 3_600))

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse fields that have no meaning together with the others."""
        has_answer = isinstance(data["status"], int)
        for name in ("retry_after_s", "code", "field", "location"):
            if data.get(name) is not None and not has_answer:
                raise ValidationError("Allowed only with an HTTP status.", name)
        if data.get("form", AS_PROVIDER) != AS_PROVIDER and not has_answer:
            raise ValidationError("Allowed only with an HTTP status.", "form")
        if data.get("code") is not None and data["channel"] != "sms":
            raise ValidationError("Allowed only for sms.", "code")
        if data.get("field") is not None and data["channel"] != "email":
            raise ValidationError("Allowed only for email.", "field")
        if data.get("accepted_after_s") and not data.get("is_accepted"):
            raise ValidationError("Allowed only with is_accepted.", "accepted_after_s")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Fault:
        return Fault(**data)
