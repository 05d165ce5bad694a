"""Accounts and tokens: what registers, what logs in, what comes back."""

from marshmallow import fields, validate

from marketplace.schemas.fields import (
    Identifier,
    Moment,
    Pattern,
    Strict,
    Text,
    Unicode,
    Whole,
    timezone,
)

_PHONE = Pattern(r"^\+[1-9]\d{6,14}$", error="A number in E.164 form, such as +14155550123.")


class Register(Strict):
    """POST /v1/accounts."""

    role = fields.String(required=True, validate=validate.OneOf(["customer", "vendor"]))
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = Unicode(required=True, validate=validate.Length(min=8, max=200))
    name = Text(required=True, longest=120)
    phone = fields.String(load_default=None, allow_none=True, validate=_PHONE)
    locale = fields.String(
        load_default="en-US", validate=Pattern(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    )
    timezone = timezone(load_default="UTC")


class LogIn(Strict):
    """POST /v1/tokens."""

    email = Unicode(required=True, validate=validate.Length(max=254))
    password = Unicode(required=True, validate=validate.Length(max=200))


class Refresh(Strict):
    """POST /v1/tokens/refresh."""

    refresh_token = Unicode(required=True, validate=validate.Length(max=200))


class AccountView(Strict):
    """An account as its owner sees it."""

    id = Identifier(required=True)
    role = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    phone = fields.String(allow_none=True)
    locale = fields.String(required=True)
    timezone = fields.String(required=True)
    created_at = Moment(required=True)


class Tokens(Strict):
    """What a log-in, a registration and a refresh answer."""

    account = fields.Nested(AccountView, required=True)
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in_s = Whole(required=True)
