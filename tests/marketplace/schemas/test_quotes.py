"""Quotes as vendors send them, and as everybody sees them."""

from typing import Any

import orjson
import pytest

from marketplace.domain import quotes
from marketplace.errors import ParleyError
from marketplace.schemas.quotes import QuoteView, SubmitQuote
from tests.builders import a_line, a_quote

FIGURES = {"rfi_revision": 1, "amount_minor": 100, "currency": "USD", "message": "Parts."}


def with_a_line(**named: Any) -> dict[str, Any]:
    """A quote with one line."""
    line = {"description": "Work", "quantity": 1, "unit_price_minor": 100, **named}
    return {**FIGURES, "lines": [line]}


def test_a_quote_without_lines_needs_nothing_new() -> None:
    """What clients of version 0.1 send is still a quote."""
    assert SubmitQuote().read(FIGURES) == {
        **FIGURES,
        "valid_until": None,
        "lines": [],
        "attachment_ids": [],
    }


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [
        (1, 1_000),
        (2.5, 2_500),
        (0.001, 1),
        (0.1, 100),
        (0.3, 300),
        (1.005, 1_005),
        (999_999.999, 999_999_999),
        (1_000_000, 1_000_000_000),
        (1e3, 1_000_000),
    ],
)
def test_a_quantity_is_read_exactly(written: float, thousandths: int) -> None:
    """Three decimals are exact although JSON's parser makes a float of them."""
    payload = orjson.loads(orjson.dumps(with_a_line(quantity=written)))

    (line,) = SubmitQuote().read(payload)["lines"]

    assert line["quantity_thousandths"] == thousandths
    assert line["tax_rate_thousandths"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 0.0005),
        ("quantity", 1.0001),
        ("quantity", 1_000_000.001),
        ("quantity", 10**400),
        ("quantity", float("nan")),
        ("quantity", float("inf")),
        ("quantity", True),
        ("quantity", "1"),
        ("quantity", None),
        ("tax_rate", -0.001),
        ("tax_rate", 100.001),
        ("tax_rate", 8.8755),
        ("tax_rate", {"$gt": 0}),
        ("unit_price_minor", 0.5),
        ("unit_price_minor", 2**53),
        ("description", ""),
        ("description", "x" * 201),
        ("quantity_thousandths", 1),
        ("amount_minor", 100),
    ],
)
def test_a_figure_of_a_line_is_refused_with_its_path(field: str, value: object) -> None:
    """A wrong type, a fourth decimal, and what is out of range."""
    with pytest.raises(ParleyError) as refused:
        SubmitQuote().read(with_a_line(**{field: value}))

    assert f"lines.0.{field}" in {error.path for error in refused.value.errors}


def test_lines_are_bounded() -> None:
    """A quote has at most 50 lines."""
    lines = with_a_line()["lines"] * 51

    with pytest.raises(ParleyError) as refused:
        SubmitQuote().read({**FIGURES, "lines": lines})

    assert [error.path for error in refused.value.errors] == ["lines"]


def test_a_quote_shows_its_lines_and_totals() -> None:
    """Each line has its amount, and the quote its subtotal and its tax."""
    line = a_line(quantity_thousandths=2_500, unit_price_minor=1_000, tax_rate_thousandths=8_875)
    quote = a_quote(lines=(line,), amount_minor=2_722)

    view = QuoteView().dump(quote)

    assert view["lines"] == [
        {
            "description": line.description,
            "quantity": 2.5,
            "unit_price_minor": 1_000,
            "tax_rate": 8.875,
            "amount_minor": 2_500,
        }
    ]
    assert (view["subtotal_minor"], view["tax_minor"]) == (2_500, 222)
    assert view["outdated_by_revision"] is None
    assert QuoteView().dump(quotes.seen(quote, 9))["outdated_by_revision"] == 9


def test_a_quote_without_lines_has_no_totals() -> None:
    """Nobody is told of a tax that the vendor has not stated."""
    view = QuoteView().dump(a_quote())

    assert (view["lines"], view["subtotal_minor"], view["tax_minor"]) == ([], None, None)
