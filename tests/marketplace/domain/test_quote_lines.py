"""The lines of a quote, and the total that follows from them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.quote_lines import (
    MAX_MINOR,
    QuoteLine,
    Totals,
    number_of,
    require_total,
    totals_of,
)
from marketplace.errors import Code, ParleyError
from tests.builders import a_line


@pytest.mark.parametrize(
    ("quantity_thousandths", "unit_price_minor", "amount_minor"),
    [
        (2_000, 12_500, 25_000),
        (2_500, 333, 833),  # 832.5
        (1_500, 1, 2),  # 1.5
        (500, 1, 1),  # 0.5
        (499, 1, 0),  # 0.499
        (333, 100, 33),  # 33.3
        (1_000, -4_000, -4_000),
        (500, -1, -1),  # −0.5, away from zero as well
        (499, -1, 0),
        (1, 0, 0),
    ],
)
def test_a_lines_amount_is_rounded_once_halves_away_from_zero(
    quantity_thousandths: int, unit_price_minor: int, amount_minor: int
) -> None:
    """The amount is the quantity times the unit price, to the nearest minor unit."""
    line = a_line(quantity_thousandths=quantity_thousandths, unit_price_minor=unit_price_minor)

    assert line.amount_minor == amount_minor


def test_tax_is_rounded_once_for_each_rate() -> None:
    """Three lines of 0.05 at 10 % make 0.02 of tax: 0.015 rounded once, and not 0.005 three times."""
    cheap = a_line(quantity_thousandths=1_000, unit_price_minor=5, tax_rate_thousandths=10_000)
    other = a_line(quantity_thousandths=1_000, unit_price_minor=1_000, tax_rate_thousandths=8_875)

    assert totals_of([cheap, cheap, cheap]) == Totals(15, 2)
    assert totals_of([cheap, cheap, cheap, other]) == Totals(1_015, 2 + 89)


def test_a_discount_lowers_the_total_and_its_tax() -> None:
    """A line with a negative price counts towards the tax of its rate."""
    work = a_line(quantity_thousandths=2_000, unit_price_minor=10_000, tax_rate_thousandths=20_000)
    discount = a_line(unit_price_minor=-5_000, tax_rate_thousandths=20_000)

    totals = totals_of([work, discount])

    assert totals == Totals(15_000, 3_000)
    assert totals is not None
    assert totals.amount_minor == 18_000


def test_a_quote_without_lines_has_no_totals() -> None:
    """Its price is one figure, of which nothing is checked."""
    assert totals_of([]) is None
    require_total([], 12_345)


@pytest.mark.parametrize("amount_minor", [24_999, 25_001, 1])
def test_a_total_that_does_not_follow_from_the_lines_is_refused(amount_minor: int) -> None:
    """The refusal has the path of the total, and says what it must be."""
    lines = [a_line(quantity_thousandths=2_000, unit_price_minor=12_500)]

    require_total(lines, 25_000)
    with pytest.raises(ParleyError, match="Must be 25000") as refused:
        require_total(lines, amount_minor)

    assert refused.value.code is Code.VALIDATION_FAILED
    assert [error.path for error in refused.value.errors] == ["amount_minor"]


def test_amounts_that_no_parser_reads_exactly_are_refused() -> None:
    """A line, or the sum of the lines, beyond 2⁵³ is refused with its path."""
    large = a_line(quantity_thousandths=1_000, unit_price_minor=MAX_MINOR)
    too_large = a_line(quantity_thousandths=2_000, unit_price_minor=MAX_MINOR)

    for lines, path in (([large, too_large], "lines.1"), ([large, large], "lines")):
        with pytest.raises(ParleyError) as refused:
            require_total(lines, 1)
        assert [error.path for error in refused.value.errors] == [path]


@pytest.mark.parametrize(
    ("thousandths", "written"), [(2_000, 2), (2_500, 2.5), (1, 0.001), (0, 0), (8_875, 8.875)]
)
def test_thousandths_are_written_as_people_write_them(
    thousandths: int, written: int | float
) -> None:
    """A whole number has no decimals."""
    assert number_of(thousandths) == written
    assert isinstance(number_of(thousandths), int) is (thousandths % 1_000 == 0)


LINES = st.lists(
    st.builds(
        QuoteLine,
        st.just("Work"),
        st.integers(1, 10**9),
        st.integers(-(10**9), 10**9),
        st.sampled_from([0, 5_000, 8_875, 19_000, 100_000]),
    ),
    min_size=1,
    max_size=20,
)


@given(LINES)
def test_totals_are_exact(lines: list[QuoteLine]) -> None:
    """They differ from the exact sums by at most half a minor unit for each rounding."""
    totals = totals_of(lines)

    assert totals is not None
    exact = [Fraction(line.quantity_thousandths * line.unit_price_minor, 1_000) for line in lines]
    for line, amount in zip(lines, exact, strict=True):
        assert abs(line.amount_minor - amount) <= Fraction(1, 2)
    assert totals.subtotal_minor == sum(line.amount_minor for line in lines)
    exact_tax = sum(
        (Fraction(line.amount_minor * line.tax_rate_thousandths, 100_000) for line in lines),
        Fraction(0),
    )
    rates = {line.tax_rate_thousandths for line in lines}
    assert abs(totals.tax_minor - exact_tax) <= Fraction(len(rates), 2)
    assert totals_of(lines[::-1]) == totals
