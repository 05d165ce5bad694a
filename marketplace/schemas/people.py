"""Fields of accounts: email, phone, password and time zone.

They are separate from the other fields because only `rest` needs them and their libraries.
"""

from typing import Any

from marshmallow import fields, validate

from marketplace.inputs import emails, passwords, phones
from marketplace.inputs.timezones import TIMEZONES
from marketplace.schemas.fields.texts import Unicode, as_read


class NewEmail(Unicode):
    """A deliverable email address, in its canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Length(max=emails.LONGEST), metadata={"format": "email"}, **kwargs
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return as_read(emails.canonical, text)


class Phone(Unicode):
    """A telephone number, in E.164 form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Length(max=phones.LONGEST),
            metadata={"example": "+14155550123"},
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return as_read(phones.e164, text)


class NewPassword(Unicode):
    """A new password, in the form that is hashed.

    Its schema refuses passwords that are easy to guess, since that depends on other fields.
    """

    def __init__(self, **kwargs: Any) -> None:
        limits = validate.Length(min=passwords.SHORTEST, max=passwords.LONGEST)
        super().__init__(validate=limits, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        return passwords.normalized(text)


def timezone(**kwargs: Any) -> fields.String:
    """The name of an IANA time zone, current or former."""
    return fields.String(
        validate=validate.OneOf(TIMEZONES, error="Not an IANA time zone name."),
        metadata={"example": "America/Denver", "enum": None},
        **kwargs,
    )
