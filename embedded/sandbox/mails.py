"""The JSON of a Mail Send request: parsed, validated, split into one submission per recipient.

It validates what our own mails have (one or more personalizations with `to` and `custom_args`,
from, subject, content) and reports the first mistake with its path. It ignores everything else.

Sources: "Mail Send" and "Mail Send: Errors" of SendGrid's v3 API reference
(https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and …/mail-send/errors). The
paths are SendGrid's; the sentences are in our words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded.sandbox.deliveries import Channel, Submission
from marketplace.errors import BaseError

MAX_PERSONALIZATIONS = 1_000

_ADDRESS = re.compile(
    r"[!-~]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{1,62}"
)


class MailRefusedError(BaseError):
    """The request is not a mail that can be sent: the reason, and the field at fault."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Envelope:
    """One personalization: its recipients, its subject, its arguments."""

    recipients: tuple[str, ...]
    subject: str
    custom_args: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that passed all checks."""

    sender: str
    text: str
    html: str | None
    envelopes: tuple[Envelope, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """All addresses of all personalizations."""
        return tuple(to for envelope in self.envelopes for to in envelope.recipients)

    def submissions(self, provider_id: str) -> list[Submission]:
        """One per recipient, all with the same message id."""
        return [
            Submission(
                channel=Channel.EMAIL,
                to=to,
                sender=self.sender,
                provider_id=provider_id,
                text=self.text,
                subject=envelope.subject,
                html=self.html,
                custom_args=envelope.custom_args,
            )
            for envelope in self.envelopes
            for to in envelope.recipients
        ]


def read_mail(payload: object) -> Mail:
    """Validate a decoded request body.

    Raises:
        MailRefusedError: with the first mistake.
    """
    if not isinstance(payload, dict):
        raise MailRefusedError("Bad Request")
    blocks = payload.get("personalizations")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MAX_PERSONALIZATIONS:
        message = f"1 to {MAX_PERSONALIZATIONS} personalizations are required."
        raise MailRefusedError(message, "personalizations")
    envelopes = tuple(_envelope(payload, block, index) for index, block in enumerate(blocks))
    sender = _address(payload.get("from"), "from.email")
    text, html = _contents(payload.get("content"))
    return Mail(sender, text, html, envelopes)


def _envelope(payload: dict[str, Any], block: object, index: int) -> Envelope:
    path = f"personalizations.{index}"
    if not isinstance(block, dict):
        raise MailRefusedError("Must be an object.", path)
    members = block.get("to")
    if not isinstance(members, list) or not members:
        raise MailRefusedError("The to array is required.", f"{path}.to")
    recipients = tuple(
        _address(member, f"{path}.to.{number}.email") for number, member in enumerate(members)
    )
    subject = block.get("subject") or payload.get("subject")
    if not isinstance(subject, str) or not subject:
        raise MailRefusedError("The subject is required.", "subject")
    custom_args = block.get("custom_args", {})
    if not isinstance(custom_args, dict) or not all(
        isinstance(value, str) for value in custom_args.values()
    ):
        raise MailRefusedError("All custom arguments must be strings.", f"{path}.custom_args")
    return Envelope(recipients, subject, custom_args)


def _address(member: object, path: str) -> str:
    email = member.get("email") if isinstance(member, dict) else None
    if not isinstance(email, str) or len(email) > 254 or not _ADDRESS.fullmatch(email):
        raise MailRefusedError("Does not contain a valid address.", path)
    return email


def _contents(blocks: object) -> tuple[str, str | None]:
    """The plain text and the HTML; text/plain has to be first."""
    if not isinstance(blocks, list) or not blocks:
        raise MailRefusedError("At least one block of content is required.", "content")
    values: dict[str, str] = {}
    for index, block in enumerate(blocks):
        for name in ("type", "value"):
            member = block.get(name) if isinstance(block, dict) else None
            if not isinstance(member, str) or not member:
                message = f"The content {name} must be a string of at least one character."
                raise MailRefusedError(message, f"content.{index}.{name}")
        values[block["type"]] = block["value"]
    if "text/plain" in values and next(iter(values)) != "text/plain":
        raise MailRefusedError("text/plain must come first, then text/html.", "content")
    return values.get("text/plain", ""), values.get("text/html")
