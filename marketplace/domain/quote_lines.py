"""The lines of a quote, and the total that follows from them.

Every amount is a whole number of minor units. A line's amount is its quantity times its unit price.
The tax is computed once for each tax rate, from the sum of the lines that have it, as EN 16931, the
European standard for invoices, does it. These two are rounded to the nearest minor unit, halves
away from zero, and nothing else is: the total is the sum of the lines' amounts and of the taxes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.errors import invalid

MAX_LINES = 50
MAX_DESCRIPTION = 200
# A million of anything; 100 %, both in thousandths.
MAX_QUANTITY_THOUSANDTHS = 1_000_000 * 1_000
MAX_TAX_RATE_THOUSANDTHS = 100 * 1_000
# The largest integer that every JSON parser reads exactly.
MAX_MINOR = 2**53 - 1


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """What the vendor charges for one thing; a discount has a negative price.

    The quantity and the tax rate (in percent) have at most three decimals, and are stored as whole
    thousandths.
    """

    description: str
    quantity_thousandths: int
    unit_price_minor: int
    tax_rate_thousandths: int = 0

    @property
    def amount_minor(self) -> int:
        """The price of the whole quantity, without tax."""
        return _nearest(self.quantity_thousandths * self.unit_price_minor, 1_000)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sum of the lines, and the tax on them."""

    subtotal_minor: int
    tax_minor: int

    @property
    def amount_minor(self) -> int:
        """What the customer pays."""
        return self.subtotal_minor + self.tax_minor


class Priced:
    """What has lines, or one figure without them."""

    __slots__ = ()
    lines: tuple[QuoteLine, ...]

    @property
    def subtotal_minor(self) -> int | None:
        """The sum of the lines, without tax; None without lines."""
        totals = totals_of(self.lines)
        return None if totals is None else totals.subtotal_minor

    @property
    def tax_minor(self) -> int | None:
        """The tax on the lines; None without lines."""
        totals = totals_of(self.lines)
        return None if totals is None else totals.tax_minor


def lines_of(payload: Sequence[Mapping[str, Any]]) -> tuple[QuoteLine, ...]:
    """The lines in a validated payload."""
    return tuple(QuoteLine(**line) for line in payload)


def totals_of(lines: Sequence[QuoteLine]) -> Totals | None:
    """The totals of a quote's lines; None for a quote without lines, whose price is one figure."""
    if not lines:
        return None
    taxable: dict[int, int] = {}
    for line in lines:
        rate = line.tax_rate_thousandths
        taxable[rate] = taxable.get(rate, 0) + line.amount_minor
    taxes = (_nearest(amount * rate, 100 * 1_000) for rate, amount in taxable.items())
    return Totals(sum(taxable.values()), sum(taxes))


def require_total(lines: Sequence[QuoteLine], amount_minor: int) -> None:
    """Refuse a total that does not follow from the lines.

    Raises:
        ParleyError: `validation_failed` with the path `amount_minor`, and what it must be; with the
            path of a line whose amount is too large to be written.
    """
    for position, line in enumerate(lines):
        if abs(line.amount_minor) > MAX_MINOR:
            raise invalid(f"lines.{position}", f"Its amount must not exceed {MAX_MINOR}.")
    totals = totals_of(lines)
    if totals is None:
        return
    if max(abs(totals.subtotal_minor), abs(totals.tax_minor)) > MAX_MINOR:
        raise invalid("lines", f"Their sum must not exceed {MAX_MINOR}.")
    if totals.amount_minor != amount_minor:
        raise invalid(
            "amount_minor",
            f"Must be {totals.amount_minor}: the lines make {totals.subtotal_minor}, and the tax on "
            f"them {totals.tax_minor}.",
        )


def number_of(thousandths: int) -> int | float:
    """Thousandths as people write them: 2, 2.5. Exact, since a float has 15 digits and these 10."""
    whole, rest = divmod(thousandths, 1_000)
    return thousandths / 1_000 if rest else whole


def _nearest(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves away from zero."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude
