"""ISO 4217 currencies that are legal tender somewhere today, and their decimals.

Both come from the Unicode CLDR through Babel: browsers have the same data.
"""

from babel.core import get_global
from babel.numbers import get_currency_precision

# (currency, first day, last day, whether it is legal tender) for each territory.
CURRENCIES: frozenset[str] = frozenset(
    code
    for periods in get_global("territory_currencies").values()
    for code, _, last_day, is_tender in periods
    if is_tender and last_day is None
)


def decimals(currency: str) -> int:
    """How many decimals an amount has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)
