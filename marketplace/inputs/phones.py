"""Telephone numbers in E.164 form (ITU-T E.164), valid in their country."""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.phonemetadata import PhoneMetadata

LONGEST = 32
# How people separate the digits; pasted numbers contain U+00A0.
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
    """The number as `+14155550123`, without spaces, dots, hyphens and brackets.

    Raises:
        ValueError: the number is not valid in its country, or is a premium-rate or service number.
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
    canonical = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if canonical != digits:  # most often a 0 after the country code
        raise ValueError(f"Enter the number as {canonical}.")
    return canonical


def load() -> None:
    """Load the numbering plans of all countries: 0.4 s, once for each process.

    Without this the first number of each country holds the event loop for up to 80 ms.
    """
    PhoneMetadata.load_all()
