"""The JSON of a Mail Send request: read, checked, and made into one submission per recipient.

Checked are the members that decide who gets what: personalizations (to, cc, bcc, subject,
custom_args), from, reply_to, subject, content, custom_args.  Attachments, schedules, tracking and
the like are taken and not used; this account has no templates, so a template_id is refused.

Sources: "Mail Send" and "Mail Send: Errors" of SendGrid's v3 API reference
(https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and …/mail-send/errors),
which name the limits, the member at fault and the anchor behind `help`.  Those are what programs
read and are SendGrid's; the longer sentences are in our words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded.sandbox.deliveries import Channel, Submission

MAX_PERSONALIZATIONS = 1_000
MAX_RECIPIENTS = 1_000
MAX_CUSTOM_ARGS_BYTES = 10_000

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_NO_ADDRESS = "Does not contain a valid address."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a sentence, the member's path, and the anchor of its explanation."""

    message: str
    field: str | None = None
    anchor: str | None = None


class MailRefusedError(Exception):
    """The request is not a mail that can be sent; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Envelope:
    """One personalization: who receives it, under which subject, with which arguments."""

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
    is_sandboxed: bool

    @property
    def recipients(self) -> tuple[str, ...]:
        """All addresses of all personalizations."""
        return tuple(to for envelope in self.envelopes for to in envelope.recipients)

    def submissions(self, provider_id: str) -> list[Submission]:
        """One for each recipient, all under the same message id."""
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
    """Check a decoded request body.

    Raises:
        MailRefusedError: with every problem found, in the order of the members.
    """
    if not isinstance(payload, dict):
        raise MailRefusedError([Problem("Bad Request")])
    reader = _Reader(payload)
    envelopes = reader.envelopes()
    sender = reader.address("from", is_required=True)
    reader.address("reply_to", is_required=False)
    text, html = reader.contents()
    settings = payload.get("mail_settings")
    sandbox_mode = settings.get("sandbox_mode") if isinstance(settings, dict) else None
    is_sandboxed = isinstance(sandbox_mode, dict) and sandbox_mode.get("enable") is True
    if reader.problems:
        raise MailRefusedError(reader.problems)
    return Mail(sender, text, html, envelopes, is_sandboxed)


@dataclass(slots=True)
class _Reader:
    """Walks through one request body and notes what is wrong on its way."""

    payload: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def _note(self, message: str, path: str, anchor: str) -> None:
        self.problems.append(Problem(message, path, f"message.{anchor}"))

    def address(self, name: str, *, is_required: bool) -> str:
        """The address in a member like `from`; an empty string when there is none."""
        member = self.payload.get(name)
        if member is None and not is_required:
            return ""
        if not isinstance(member, dict) or not member.get("email"):
            message = f'The {name} object is required and needs an "email".'
            self._note(message, f"{name}.email", name)
        elif not _is_address(member["email"]):
            self._note(f"The {name} email does not contain a valid address.", f"{name}.email", name)
        else:
            return str(member["email"])
        return ""

    def envelopes(self) -> tuple[Envelope, ...]:
        """The personalizations, and the limits that hold over all of them."""
        blocks = self.payload.get("personalizations")
        if not isinstance(blocks, list) or not blocks:
            message = "The personalizations field is required and must have at least one entry."
            self.problems.append(Problem(message, "personalizations", "-Personalizations-Errors"))
            return ()
        if len(blocks) > MAX_PERSONALIZATIONS:
            message = (
                f"At most {MAX_PERSONALIZATIONS} personalizations fit into one request; "
                f"this one has {len(blocks)}."
            )
            self._note(message, "personalizations", "personalizations")
            return ()
        read = [self._envelope(block, index) for index, block in enumerate(blocks)]
        envelopes = tuple(envelope for envelope in read if envelope)
        if sum(len(envelope.recipients) for envelope in envelopes) > MAX_RECIPIENTS:
            message = f"At most {MAX_RECIPIENTS} recipients (to, cc and bcc) fit into one request."
            self._note(message, "personalizations", "recipient-errors")
        if not all(envelope.subject for envelope in envelopes):
            message = "The subject is required, in the message or in each personalization."
            self._note(message, "subject", "subject")
        return envelopes

    def _envelope(self, block: object, index: int) -> Envelope | None:
        path = f"personalizations.{index}"
        if not isinstance(block, dict):
            self._note("Invalid type. Expected: object.", path, "personalizations")
            return None
        if not block.get("to"):
            message = "The to array is required for all personalization objects."
            self._note(message, f"{path}.to", "personalizations.to")
        recipients = [
            address
            for name in ("to", "cc", "bcc")
            for address in self._recipients(block.get(name), f"{path}.{name}", name)
        ]
        seen: set[str] = set()
        for address in recipients:
            if address.casefold() in seen:
                message = f"Each address must be unique between to, cc and bcc; twice: {address}."
                self._note(message, path, "recipient-errors")
            seen.add(address.casefold())
        subject = block.get("subject") or self.payload.get("subject")
        custom_args = self._custom_args(block, path)
        return Envelope(tuple(recipients), subject if isinstance(subject, str) else "", custom_args)

    def _recipients(self, members: object, path: str, name: str) -> list[str]:
        anchor = f"personalizations.{name}"
        if members is None:
            return []
        if not isinstance(members, list):
            self._note("Invalid type. Expected: array.", path, anchor)
            return []
        addresses = []
        for index, member in enumerate(members):
            email = member.get("email") if isinstance(member, dict) else None
            if _is_address(email):
                addresses.append(str(email))
            else:
                self._note(_NO_ADDRESS, f"{path}.{index}.email", anchor)
        return addresses

    def _custom_args(self, block: dict[str, Any], path: str) -> dict[str, str]:
        """The message's arguments with the personalization's over them."""
        merged: dict[str, str] = {}
        for holder, where in ((self.payload, "custom_args"), (block, f"{path}.custom_args")):
            given = holder.get("custom_args", {})
            if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
                message = "All values of the custom_args object must be strings."
                self._note(message, where, "personalizations.custom_args")
            else:
                merged |= given
        if sum(len(f"{name}{value}".encode()) for name, value in merged.items()) > (
            MAX_CUSTOM_ARGS_BYTES
        ):
            message = f"Custom arguments may not exceed {MAX_CUSTOM_ARGS_BYTES} bytes together."
            self._note(message, f"{path}.custom_args", "personalizations.custom_args")
        return merged

    def contents(self) -> tuple[str, str | None]:
        """The plain text (maybe empty) and the HTML (maybe None)."""
        if self.payload.get("template_id"):
            message = "The template_id is not that of a template in this account."
            self._note(message, "template_id", "template_id")
            return "", None
        blocks = self.payload.get("content")
        if not isinstance(blocks, list) or not blocks:
            message = "Without a template_id, content with at least one block is required."
            self._note(message, "content", "content")
            return "", None
        values: dict[str, str] = {}
        for index, block in enumerate(blocks):
            self._content(block, f"content.{index}", values)
        if "text/plain" in values and next(iter(values)) != "text/plain":
            message = "If present, text/plain must come first, followed by text/html."
            self._note(message, "content", "content")
        return values.get("text/plain", ""), values.get("text/html")

    def _content(self, block: object, path: str, values: dict[str, str]) -> None:
        kind, value = (block.get("type"), block.get("value")) if isinstance(block, dict) else (0, 0)
        if not isinstance(kind, str) or not kind:
            message = "The content type must be a string of at least one character."
            self._note(message, f"{path}.type", "content.type")
        elif not isinstance(value, str) or not value:
            message = "The content value must be a string of at least one character."
            self._note(message, f"{path}.value", "content.value")
        else:
            values.setdefault(kind.partition(";")[0].strip().lower(), value)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 320 and bool(_ADDRESS.fullmatch(value))
