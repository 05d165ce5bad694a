"""The checker of RFI feeds finds what it has to find, and nothing in a clean record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.feed_checker import feed_violations, replay
from tests.chaos.history import AtRest, Ended, Event, FeedJoined, FeedPushed, FeedRead, Revised

RFI = "rfi-1"
STAYS, LEAVES, RETURNS = "realtime-1.stays", "realtime-2.leaves", "realtime-1.returns"


def a_change(revision: int, *changes: tuple[str, Any, Any]) -> dict[str, Any]:
    """A step of the feed."""
    named = [{"path": path, "old": old, "new": new} for path, old, new in changes]
    return {"rfi_id": RFI, "revision": revision, "changes": named}


CHANGES = (
    a_change(1, ("title", None, "A sink"), ("attributes.floor", None, 2)),
    a_change(2, ("title", "A sink", "Two sinks")),
    a_change(3, ("attributes.floor", 2, None), ("budget", None, {"min_minor": 1, "max_minor": 2})),
    a_change(4, ("budget.max_minor", 2, 9)),
)


def an_rfi(revision: int) -> dict[str, Any]:
    """The complete RFI at a revision."""
    rfi: dict[str, Any] = {"id": RFI, "revision": revision, "title": "A sink", "budget": None}
    rfi["attributes"] = {"floor": 2} if revision < 3 else {}
    if revision > 1:
        rfi["title"] = "Two sinks"
    if revision > 2:
        rfi["budget"] = {"min_minor": 1, "max_minor": 2 if revision == 3 else 9}
    return rfi


def a_record() -> list[Event]:
    """One app stays and gets the pushes 2 to 4; the other leaves at 2 and returns at 4."""
    return [
        FeedJoined(0.2, STAYS, "one", 0.1, RFI, None, 1, an_rfi(1), ()),
        FeedJoined(0.2, LEAVES, "two", 0.1, RFI, None, 1, an_rfi(1), ()),
        Revised(1.0, RFI, 2, {"title": "Two sinks"}),
        FeedPushed(1.1, STAYS, "one", RFI, CHANGES[1]),
        FeedPushed(1.2, LEAVES, "two", RFI, CHANGES[1]),
        Ended(1.5, LEAVES, "lost"),
        FeedPushed(2.1, STAYS, "one", RFI, CHANGES[2]),
        FeedPushed(2.2, STAYS, "one", RFI, CHANGES[3]),
        FeedJoined(3.2, RETURNS, "two", 3.0, RFI, 2, 4, an_rfi(4), CHANGES[2:]),
        AtRest(5.0),
        FeedRead(6.0, RFI, an_rfi(4), CHANGES),
    ]


def violations_of(record: list[Event]) -> list[str]:
    """The violations, each in one line."""
    return [str(violation) for violation in feed_violations(record)]


def test_a_clean_record_has_no_violations() -> None:
    """Parts of an object that appear, change and disappear replay as well as whole fields."""
    assert violations_of(a_record()) == []
    assert replay(an_rfi(1), CHANGES[1:]) == {**an_rfi(4), "revision": 1}


def with_other(number: int, **fields: object) -> Callable[[list[Event]], list[Event]]:
    """Change one event of the record."""

    def change(record: list[Event]) -> list[Event]:
        changed = replace(record[number], **fields)  # type: ignore[arg-type] # fields of its own
        return [*record[:number], changed, *record[number + 1 :]]

    return change


def without(number: int) -> Callable[[list[Event]], list[Event]]:
    """Remove one event from the record."""
    return lambda record: record[:number] + record[number + 1 :]


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        (with_other(10, changes=CHANGES[:1] + CHANGES[2:]), "dense: rfi-1: revisions [1, 3, 4] of an RFI at 4"),
        (without(10), "dense: rfi-1: nobody read it in the end"),
        (with_other(2, fields={"title": "Three sinks"}), "durable: rfi-1: acknowledged 2"),
        (without(6), "stream: rfi-1: realtime-1.stays was pushed 4 when it had 2"),
        (with_other(7, change=CHANGES[2]), "stream: rfi-1: realtime-1.stays was pushed 3 when it had 3"),
        (with_other(3, change=a_change(2)), "realtime-1.stays was pushed another 2 than is stored"),
        (without(7), "realtime-1.stays stayed and was told up to 3 of 4"),
        (with_other(8, changes=CHANGES[3:]), "resume: rfi-1: realtime-1.returns resumed behind 2 at 4, got [4]"),
        (with_other(8, changes=(CHANGES[2], a_change(4))), "was given other changes than are stored"),
        (with_other(8, rfi=an_rfi(3)), "replay: rfi-1: two has by its changes another RFI at 3.200: ['budget']"),
        (with_other(8, revision=3, rfi=an_rfi(3), changes=CHANGES[2:3]), "current: rfi-1: realtime-1.returns was shown 3, when 4"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    change: Callable[[list[Event]], list[Event]], violation: str
) -> None:
    """Each planted fault is found and named with its numbers."""
    found = violations_of(change(a_record()))

    assert any(violation in line for line in found), found
