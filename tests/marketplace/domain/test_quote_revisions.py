"""The revisions of a quote, side by side."""

from dataclasses import replace

from marketplace.domain.quote_revisions import ComparedRevision, differences, revision_of
from marketplace.domain.rfis import Change
from tests.builders import NOW, a_line, a_quote


def test_the_first_revision_has_no_changes() -> None:
    """There is nothing before it."""
    revision = revision_of(a_quote())

    compared = ComparedRevision.of(revision, None)

    assert compared.changes == ()
    assert compared.amount_minor == revision.amount_minor


def test_each_figure_that_differs_is_a_change() -> None:
    """Plain figures, and those of a line by its position; equal figures are left out."""
    pipe = a_line(description="Pipe", quantity_thousandths=2_000, unit_price_minor=500)
    first = a_quote(amount_minor=1_000, lines=(pipe,))
    second = replace(
        first,
        revision=2,
        amount_minor=1_250,
        valid_until=NOW,
        lines=(replace(pipe, quantity_thousandths=2_500),),
    )

    found = differences(revision_of(first), revision_of(second))

    assert set(found) == {
        Change("amount_minor", 1_000, 1_250),
        Change("valid_until", None, NOW),
        Change("subtotal_minor", 1_000, 1_250),
        Change("lines.0.quantity", 2, 2.5),
        Change("lines.0.amount_minor", 1_000, 1_250),
    }


def test_a_line_that_comes_or_goes_is_a_change_of_its_figures() -> None:
    """What is not there is null."""
    plain = a_quote(amount_minor=1_000)
    lined = replace(plain, lines=(a_line(description="Pipe", unit_price_minor=1_000),))

    came = differences(revision_of(plain), revision_of(lined))
    went = differences(revision_of(lined), revision_of(plain))

    assert Change("lines.0.description", None, "Pipe") in came
    assert Change("lines.0.description", "Pipe", None) in went
    assert Change("tax_minor", None, 0) in came
    assert {change.path for change in came} == {change.path for change in went}
