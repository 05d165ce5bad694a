"""Currencies."""

import pytest

from marketplace.inputs.currencies import CURRENCIES, decimals


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "KWD", "CHF", "XOF", "XAF", "BRL", "INR"])
def test_currencies_in_use_are_known(code: str) -> None:
    """Legal tender of some country, shared ones too."""
    assert code in CURRENCIES


@pytest.mark.parametrize("code", ["ABC", "XXX", "XTS", "XAU", "BTC", "DEM", "USN", "usd", ""])
def test_others_are_not(code: str) -> None:
    """Codes for testing, metals, what was replaced, and what nobody issues."""
    assert code not in CURRENCIES


@pytest.mark.parametrize(("code", "count"), [("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)])
def test_decimals(code: str, count: int) -> None:
    """As many as the currency has."""
    assert decimals(code) == count
