"""Currencies."""

import pytest

from marketplace.inputs.currencies import CURRENCIES, decimals


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "KWD", "CHF", "XOF", "XAF", "BRL", "INR"])
def test_currencies_in_use_are_known(code: str) -> None:
    """Every legal tender is known, including shared ones."""
    assert code in CURRENCIES


@pytest.mark.parametrize("code", ["ABC", "XXX", "XTS", "XAU", "BTC", "DEM", "USN", "usd", ""])
def test_other_currencies_are_unknown(code: str) -> None:
    """Codes for tests and metals, replaced currencies and unofficial ones are unknown."""
    assert code not in CURRENCIES


@pytest.mark.parametrize(("code", "count"), [("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)])
def test_each_currency_has_its_decimals(code: str, count: int) -> None:
    """Each currency has its own number of decimals."""
    assert decimals(code) == count
