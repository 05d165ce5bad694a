"""Phone numbers."""

import pytest

from marketplace.inputs import phones


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+14155550123", "+14155550123"),
        ("+1 (415) 555-0123", "+14155550123"),
        ("+1\u00a0415.555.0123", "+14155550123"),
        ("+447911123456", "+447911123456"),
        ("+390612345678", "+390612345678"),
        ("+5491123456789", "+5491123456789"),
        ("+18005550123", "+18005550123"),
    ],
)
def test_a_valid_number_is_stored_in_e164_form(typed: str, stored: str) -> None:
    """People may separate the digits as they like."""
    assert phones.e164(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "4155550123",
        "0303 555",
        "+4407911123456",
        "+1911911",
        "+1911",
        "+999123456789",
        "+49110",
        "+15555550123",
        "+٤٤٧٩١١١٢٣٤٥٦",
        "+4479１1123456",
        "+1415555012x",
        "+1 415 555 0123 ext. 5",
        "++14155550123",
        "+14155550123\n",
        "+19005551234",
        "+448712345678",
        "+" + "1" * 40,
    ],
)
def test_a_number_that_cannot_receive_sms_is_refused(typed: str) -> None:
    """Impossible, premium and short numbers, and digits of other scripts, are refused."""
    with pytest.raises(ValueError, match=r"."):
        phones.e164(typed)


def test_a_zero_after_the_country_code_is_pointed_out() -> None:
    """The error for the most frequent mistake shows the corrected number."""
    with pytest.raises(ValueError, match=r"\+447911123456"):
        phones.e164("+44 (0)7911 123456")
