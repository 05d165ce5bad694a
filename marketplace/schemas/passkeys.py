"""Passkeys: what devices get and answer."""

from typing import Any

from marshmallow import fields, validate

from marketplace.schemas.fields.texts import Name, Unicode
from marketplace.schemas.fields.times import Moment
from marketplace.schemas.fields.words import Identifier
from marketplace.schemas.strict import Strict

# A key with a certificate of its maker has some kilobytes.
_LONGEST_CREDENTIAL = 32_768


def credential(**kwargs: Any) -> Unicode:
    """The JSON text of a browser's `PublicKeyCredential`."""
    return Unicode(validate=validate.Length(max=_LONGEST_CREDENTIAL), **kwargs)


class AddPasskey(Strict):
    """The body of POST /v1/me/passkeys; `name` is what the caller calls the device."""

    credential = credential(required=True)
    name = Name(required=True, longest=60)


class ProvePasskey(Strict):
    """The body of POST /v1/tokens/passkey."""

    credential = credential(required=True)


class PasskeyOptionsView(Strict):
    """Options for `navigator.credentials`, as JSON (WebAuthn, level 3)."""

    options = fields.Dict(required=True)


class PasskeyView(Strict):
    """A passkey of the caller."""

    id = Identifier(required=True)
    name = fields.String(required=True)
    created_at = Moment(required=True)
    last_used_at = Moment(required=True, allow_none=True)


class PasskeysView(Strict):
    """All passkeys of the caller, newest first."""

    items = fields.List(fields.Nested(PasskeyView), required=True)
