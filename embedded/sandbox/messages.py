"""A Twilio message: the form that creates one, validated, and the resource that represents it.

Sources: "Messages resource" (https://www.twilio.com/docs/messaging/api/message-resource), "Error
and Warning Dictionary" (https://www.twilio.com/docs/api/errors/<code>), and for the numbers that
are always refused "Test Credentials" (https://www.twilio.com/docs/iam/test-credentials).
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit

from embedded.sandbox.deliveries import Channel, Delivery, Submission
from marketplace.domain.sms_text import count_segments
from marketplace.errors import BaseError

API_VERSION = "2010-04-01"
MAX_BODY_CHARACTERS = 1_600
MAX_MEDIA = 10

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_REFUSED_NUMBERS = {
    "+15005550001": (21211, "The 'To' number +15005550001 is not a valid phone number."),
    "+15005550002": (21612, "Twilio cannot route messages to '+15005550002'."),
    "+15005550003": (21408, "Messages to the region of '+15005550003' are not enabled."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}


class MessageRefusedError(BaseError):
    """The message cannot be sent; `code` is from Twilio's dictionary, the HTTP status is 400."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class MessageForm:
    """A form that passed all checks."""

    to: str
    sender: str
    body: str
    media_urls: tuple[str, ...]

    def submission(self) -> Submission:
        """The submission, with a new SID: 34 characters, SM or MM and 32 hex digits."""
        channel = Channel.MMS if self.media_urls else Channel.SMS
        return Submission(
            channel=channel,
            to=self.to,
            sender=self.sender,
            provider_id=("MM" if self.media_urls else "SM") + secrets.token_hex(16),
            text=self.body,
            media_urls=self.media_urls,
        )


def read_form(pairs: Iterable[tuple[str, str]], own_number: str) -> MessageForm:
    """Validate the form of a message; `own_number` is the only one the account may send from.

    Raises:
        MessageRefusedError: with the code of the first mistake.
    """
    pairs = list(pairs)
    form = dict(pairs)
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    media_urls = tuple(value for name, value in pairs if name == "MediaUrl")
    if not to:
        raise MessageRefusedError(21604, "A 'To' phone number is required.")
    _check_to(to)
    _check_from(sender, own_number)
    if to == sender:
        raise MessageRefusedError(21266, "'To' and 'From' number cannot be the same")
    if not body and not media_urls:
        raise MessageRefusedError(21602, "Message body is required.")
    if len(body) > MAX_BODY_CHARACTERS:
        sentence = (
            f"The concatenated message body exceeds the {MAX_BODY_CHARACTERS} character limit."
        )
        raise MessageRefusedError(21617, sentence)
    if len(media_urls) > MAX_MEDIA:
        raise MessageRefusedError(21623, "Number of media files exceeds allowed limit")
    if not all(map(_is_web_url, media_urls)):
        raise MessageRefusedError(21620, "Invalid media URL(s)")
    return MessageForm(to, sender, body, media_urls)


def _check_to(number: str) -> None:
    if not _E164.fullmatch(number):
        raise MessageRefusedError(21211, f"The 'To' number {number} is not a valid phone number.")
    if number in _REFUSED_NUMBERS:
        raise MessageRefusedError(*_REFUSED_NUMBERS[number])


def _check_from(number: str, own_number: str) -> None:
    if not number:
        raise MessageRefusedError(21603, "A 'From' phone number is required.")
    if not _E164.fullmatch(number) and not _SHORT_CODE.fullmatch(number):
        sentence = (
            f"The 'From' number {number} is not a valid phone number, shortcode, "
            "or alphanumeric sender ID."
        )
        raise MessageRefusedError(21212, sentence)
    if number != own_number:
        sentence = (
            f"The From phone number {number} is not a valid, SMS-capable inbound phone number "
            "or short code for your account."
        )
        raise MessageRefusedError(21606, sentence)


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def message_resource(
    delivery: Delivery, account_sid: str, *, is_queued: bool
) -> Mapping[str, object]:
    """The Message resource: "queued" in the response that creates it, "delivered" from then on."""
    submission = delivery.submission
    received_at = format_datetime(delivery.received_at)
    path = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{submission.provider_id}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": submission.text,
        "date_created": received_at,
        "date_sent": None if is_queued else received_at,
        "date_updated": received_at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": submission.sender,
        "messaging_service_sid": None,
        "num_media": str(len(submission.media_urls)),
        "num_segments": str(count_segments(submission.text)),
        "price": None,
        "price_unit": "USD",
        "sid": submission.provider_id,
        "status": "queued" if is_queued else "delivered",
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": submission.to,
        "uri": f"{path}.json",
    }
