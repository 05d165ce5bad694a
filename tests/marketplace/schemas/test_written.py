"""A value that is written once for everybody who needs it."""

from dataclasses import replace

from marketplace.schemas.matches import MatchView
from marketplace.schemas.quotes import QuoteView
from tests.builders import a_match, a_quote


def test_a_value_is_written_once_for_its_event_its_push_and_its_answer() -> None:
    """Schemas of one class share what they wrote of a value, and it is what `dump` returns."""
    match = a_match()

    assert MatchView().write(match) is MatchView().write(match)
    assert MatchView().write(match) == MatchView().dump(match)


def test_values_with_equal_ids_are_written_separately() -> None:
    """Equal ids of business objects, other schemas, and memory that is used again do not mix."""
    match = a_match()
    moved = replace(match, distance_m=match.distance_m + 1)

    assert MatchView().write(match)["distance_m"] != MatchView().write(moved)["distance_m"]
    assert QuoteView().write(a_quote())["state"] == "submitted"
    for amount in range(1, 200):  # each quote may get the address of one that is gone
        assert QuoteView().write(a_quote(amount_minor=amount))["amount_minor"] == amount
