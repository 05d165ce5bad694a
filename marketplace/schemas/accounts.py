"""Accounts and tokens: registration, log-in, and their responses."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from marketplace.domain.accounts import Role
from marketplace.inputs import emails, passwords
from marketplace.schemas.fields.numbers import Flag, Whole
from marketplace.schemas.fields.texts import Name, Unicode
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier, language, one_of
from marketplace.schemas.passkeys import credential
from marketplace.schemas.people import NewEmail, NewPassword, Phone, timezone
from marketplace.schemas.strict import Strict

# People type a code with spaces; a recovery code has 14 characters.
_LONGEST_CODE = 40
_LONGEST_TOKEN = 200


def second_factor_code(**kwargs: Any) -> Unicode:
    """A code of an authenticator app, or a recovery code."""
    return Unicode(validate=validate.Length(max=_LONGEST_CODE), **kwargs)


def link_token(**kwargs: Any) -> Unicode:
    """The token after the `#` of a link in an email."""
    return Unicode(validate=validate.Length(max=_LONGEST_TOKEN), **kwargs)


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
    totp = second_factor_code(load_default=None, allow_none=True)


class StepUp(Strict):
    """The body of POST /v1/me/step-up.

    Either the answer of a passkey, or the second factor's code if one is on, or the password.
    """

    password = Unicode(
        load_default=None, allow_none=True, validate=validate.Length(max=passwords.LONGEST)
    )
    totp = second_factor_code(load_default=None, allow_none=True)
    passkey = credential(load_default=None, allow_none=True)


class ChangeProfile(Strict):
    """The body of PATCH /v1/me; omitted fields stay as they are."""

    name = Name(longest=120)
    phone = Phone(allow_none=True)
    locale = language()
    timezone = timezone()


class ChangeEmail(Strict):
    """The body of POST /v1/me/email."""

    email = NewEmail(required=True)
    password = Unicode(required=True, validate=validate.Length(max=passwords.LONGEST))


class ChangePassword(Strict):
    """The body of POST /v1/me/password."""

    current = Unicode(required=True, validate=validate.Length(max=passwords.LONGEST))
    new = NewPassword(required=True)


class RequestReset(Strict):
    """The body of POST /v1/password-resets."""

    email = Unicode(required=True, validate=validate.Length(max=emails.LONGEST))


class ConfirmReset(Strict):
    """The body of POST /v1/password-resets/confirm."""

    token = link_token(required=True)
    password = NewPassword(required=True)


class UndoEmail(Strict):
    """The body of POST /v1/email-changes/undo."""

    token = link_token(required=True)


class ConfirmCode(Strict):
    """The body of an operation that takes a six-digit code."""

    code = Unicode(required=True, validate=validate.Length(max=_LONGEST_CODE))


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
    email_verified_at = Moment(required=True, allow_none=True)
    phone_verified_at = Moment(required=True, allow_none=True)
    has_second_factor = Flag(required=True)


class AddressView(Strict):
    """What is known about an address of the caller."""

    kind = fields.String(required=True)
    address = fields.String(required=True)
    consented_at = Moment(allow_none=True)
    consented_by = fields.String(allow_none=True)
    verified_at = Moment(allow_none=True)
    verified_by = fields.String(allow_none=True)
    suppressed_at = Moment(attribute="suppressed.created_at")
    suppressed_because = fields.String(attribute="suppressed.reason")


class SessionView(Strict):
    """A log-in of the caller; `last_used_at` is exact to fifteen minutes."""

    id = Identifier(required=True)
    device = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    last_used_at = Moment(required=True)
    expires_at = Moment(required=True)


class OwnSessionView(SessionView):
    """A log-in of the caller, and whether this request was made with it."""

    is_current = Flag(required=True)


class NewTotpView(Strict):
    """The secret for an authenticator app, as text and as the `otpauth:` address of a QR code."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class RecoveryCodesView(Strict):
    """Codes that each replace the second factor once; they are shown only here."""

    recovery_codes = fields.List(fields.String(), required=True)


class Tokens(Strict):
    """The response to a log-in, a registration or a refresh."""

    account = fields.Nested(AccountView, required=True)
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in_s = Whole(required=True)
