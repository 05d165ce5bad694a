"""Runs of an account's items."""

from marketplace.domain.account_feed import FeedItem, continues, newest_run
from tests.builders import NOW


def items(*positions: int) -> list[FeedItem]:
    """Items with these positions."""
    return [FeedItem("carla", "match.offered", {}, NOW, position) for position in positions]


def test_items_with_a_gap_do_not_continue() -> None:
    """A missing item, at the beginning or in between, is noticed."""
    assert continues(items(4, 5, 6), 3)
    assert continues([], 3)
    assert not continues(items(5, 6), 3)
    assert not continues(items(4, 6), 3)


def test_the_newest_run_ends_at_the_first_gap() -> None:
    """Items that outlived a later one are not part of a snapshot."""
    assert newest_run(items(1, 2, 5, 6, 7), 7) == items(5, 6, 7)
    assert newest_run(items(3), 3) == items(3)
    assert newest_run([], 0) == []


def test_a_run_leads_up_to_its_end() -> None:
    """If the item at the end is missing, those before it do not lead up to it; later ones do."""
    assert newest_run(items(4, 5), 6) == []
    assert newest_run(items(4, 5), 4) == items(4, 5)
    assert newest_run([], 6) == []
