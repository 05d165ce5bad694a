"""The checker of accounts' feeds finds what it has to find, and nothing in a clean record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.account_checker import account_violations
from tests.chaos.history import AtRest, Ended, Event, ItemPushed, ItemsJoined, ItemsRead

ACCOUNT = "carla"
STAYS, LEAVES, RETURNS = "realtime-1.stays", "realtime-2.leaves", "realtime-1.returns"


def an_item(position: int) -> dict[str, Any]:
    """The item at a position."""
    return {"position": position, "name": "match.offered", "data": {"id": f"m-{position}"}}


def joined(at: float, where: str, app: str, after: int | None, position: int) -> ItemsJoined:
    """An app joined, at a position."""
    items = tuple(an_item(number) for number in range((after or 0) + 1, position + 1))
    asked_at, is_snapshot = at - 0.1, after is None
    return ItemsJoined(at, where, app, asked_at, ACCOUNT, after, position, items, is_snapshot)


def pushed(at: float, where: str, app: str, position: int) -> ItemPushed:
    """An item was pushed."""
    item = an_item(position)
    return ItemPushed(at, where, app, ACCOUNT, position, item["name"], item["data"])


def a_record() -> list[Event]:
    """One app stays and gets 2 to 4; the other leaves at 2 and returns at 4."""
    return [
        joined(0.2, STAYS, "one", None, 1),
        joined(0.3, LEAVES, "two", None, 1),
        pushed(1.1, STAYS, "one", 2),
        pushed(1.2, LEAVES, "two", 2),
        Ended(1.5, LEAVES, "lost"),
        pushed(2.1, STAYS, "one", 3),
        pushed(2.2, STAYS, "one", 4),
        joined(3.2, RETURNS, "two", 2, 4),
        AtRest(5.0),
        ItemsRead(6.0, ACCOUNT, 4, 4, tuple(map(an_item, range(1, 5)))),
    ]


def rules(record: list[Event]) -> set[str]:
    """The rules that a record breaks."""
    return {violation.rule for violation in account_violations(record)}


def with_other(number: int, **fields: object) -> Callable[[list[Event]], list[Event]]:
    """Change one event of the record."""

    def change(record: list[Event]) -> list[Event]:
        changed = replace(record[number], **fields)  # type: ignore[arg-type] # fields of its own
        return [*record[:number], changed, *record[number + 1 :]]

    return change


def without(number: int) -> Callable[[list[Event]], list[Event]]:
    """Remove one event from the record."""
    return lambda record: record[:number] + record[number + 1 :]


def twice(number: int) -> Callable[[list[Event]], list[Event]]:
    """Repeat one event of the record."""
    return lambda record: [*record[: number + 1], *record[number:]]


def test_a_clean_record_has_no_violations() -> None:
    """A snapshot, pushes, and a resume."""
    assert account_violations(a_record()) == []


def test_an_item_after_the_last_read_is_no_violation() -> None:
    """Notify adds some after everybody has come to rest; their pushes may be on their way."""
    record = a_record()
    late = pushed(6.1, STAYS, "one", 5)

    assert account_violations([*record, late]) == []
    assert account_violations([*record, replace(late, position=6)]) != []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (without(5), {"stream", "view"}),
        (twice(5), {"stream"}),
        (with_other(5, data={"id": "other"}), {"stream", "view"}),
        (without(6), {"caught up"}),
        (with_other(7, items=(an_item(4),)), {"resume", "view"}),
        (with_other(7, is_snapshot=True), {"resume"}),
        (with_other(7, position=3, items=(an_item(3),)), {"current", "caught up"}),
        (with_other(9, items=tuple(map(an_item, (1, 2, 4)))), {"dense", "stream", "view"}),
        (without(9), {"dense"}),
    ],
)
def test_the_checker_finds_every_fault(
    change: Callable[[list[Event]], list[Event]], broken: set[str]
) -> None:
    """A lost, a doubled, a changed push; a hole in a resume; a feed that is not dense."""
    assert rules(change(a_record())) == broken
