"""Accounts and tokens: registration, log-in, and their responses."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from marketplace.domain.accounts import Role
from marketplace.inputs import emails, passwords
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.texts import Name, Unicode
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, language, one_of
from marketplace.schemas.people import NewEmail, NewPassword, Phone, timezone
from marketplace.schemas.strict import Strict


class Register(Strict):
    """The body of POST /v1/accounts."""

    role = one_of((Role.CUSTOMER, Role.VENDOR), required=True)
    email = NewEmail(required=True)
    password = NewPassword(required=True)
    name = Name(required=True, longest=120)
    phone = Phone(load_default=None, allow_none=True)
    locale = language(load_default="en-US")
    timezone = timezone(load_default="UTC")

    @validates_schema(skip_on_field_errors=True)
    def _is_hard_to_guess(self, data: dict[str, Any], **_: Any) -> None:
        personal = (data["email"], data["email"].partition("@")[0], data["name"])
        try:
            passwords.require_hard_to_guess(data["password"], personal)
        except ValueError as error:
            raise ValidationError(str(error), "password") from error


class LogIn(Strict):
    """The body of POST /v1/tokens."""

    email = Unicode(required=True, validate=validate.Length(max=emails.LONGEST))
    password = Unicode(required=True, validate=validate.Length(max=passwords.LONGEST))


class Refresh(Strict):
    """The body of POST /v1/tokens/refresh."""

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
    """The response to a log-in, a registration or a refresh."""

    account = fields.Nested(AccountView, required=True)
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in_s = Whole(required=True)
