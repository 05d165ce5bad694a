"""Telephone numbers in E.164 form (ITU-T E.164), valid in their country."""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata

LONGEST = 32
# How people separate the digits; U+00A0 comes with a pasted number.
_SEPARATORS = re.compile("[ \u00a0().-]")
_DIGITS = re.compile(r"\+[0-9]{6,15}")
# An SMS to one of these costs its recipient money, or reaches nobody.
_REFUSED = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


def e164(text: str) -> str:
    """The number as `+14155550123`; spaces, dots, hyphens and brackets between digits go.

    Raises:
        ValueError: when it is not a valid number of its country, or a premium or short one.
    """
    digits = _SEPARATORS.sub("", text)
    if not _DIGITS.fullmatch(digits):
        raise ValueError("Enter the number with its country code, such as +14155550123.")
    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("Unknown country code.") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("This is not a valid telephone number for its country.")
    if phonenumbers.number_type(number) in _REFUSED:
        raise ValueError("Premium-rate, shared-cost and service numbers are not accepted.")
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if written != digits:  # most often a 0 after the country code
        raise ValueError(f"Enter the number as {written}.")
    return written


def load() -> None:
    """Load the numbering plans of all countries: 0.4 s, once for each process.

    Otherwise the first number of each country holds the event loop for up to 80 ms.
    """
    PhoneMetadata.load_all()
