"""The checker of REST and timers finds what it has to find, and nothing in a clean record."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.effect_checker import effect_violations
from tests.chaos.effects import Done, Effect, Ledger, Rejected, Requested, facts
from tests.chaos.history import Event

RFI = "rfi-1"
EFFECTS = (
    Effect("upload", "", "photo 0"),
    Effect("draft", "", "job 1"),
    Effect("submit", RFI, RFI),
    Effect("revise", RFI, "title 2"),
    Effect("accept", RFI, "match-1"),
    Effect("message", RFI, "words 3"),
    Effect("quote", RFI, "10001"),
    Effect("requote", RFI, "10002"),
    Effect("expire", "rfi-2", "match-2"),
    Effect("warn", "rfi-3", "match-3"),
    Effect("award", RFI, "quote-1"),
)
STORED = {fact: 1 for effect in EFFECTS for fact in facts(effect)}


def a_record(stored: dict[str, int] | None = None) -> list[Event]:
    """Each is requested twice and answered; the message is sent once more, the award is found."""
    requests = [Requested(1.0, effect) for effect in EFFECTS for _ in range(2)]
    done = [Done(2.0, effect, f"answer to {effect.mark}") for effect in EFFECTS[:-1]]
    more = [replace(done[5], at=3.0), Done(4.0, EFFECTS[-1], None)]
    return [*requests, *done, *more, Ledger(5.0, STORED if stored is None else stored)]


def violations_of(record: list[Event]) -> list[str]:
    """The violations, each in one line."""
    return [str(violation) for violation in effect_violations(record)]


def test_a_clean_record_has_no_violations() -> None:
    """A clean record has no violations, and neither has one without any business."""
    assert violations_of(a_record()) == []
    assert violations_of([]) == []


@pytest.mark.parametrize("fact", STORED)
@pytest.mark.parametrize("count", [0, 2])
def test_a_lost_or_duplicated_fact_is_found(fact: str, count: int) -> None:
    """A lost or doubled fact is found, whether it is the document, its event or its notice."""
    found = violations_of(a_record({**STORED, fact: count}))

    assert any(f"{fact!r} is stored {count} times" in line for line in found), found


def without(record: list[Event], kind: type[Event]) -> list[Event]:
    """Remove the events of this kind from the record."""
    return [event for event in record if not isinstance(event, kind)]


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        (lambda record: [*record, Done(6.0, EFFECTS[5], "another answer")], "first answer: REST: Effect(kind='message'"),
        (lambda record: [*record, Requested(6.0, Effect("message", RFI, "words 9"))], "finished: REST: Effect(kind='message', rfi_id='rfi-1', mark='words 9')"),
        (lambda record: [*record, Rejected(6.0, Effect("award", RFI, "q"), 409, "wrong_state")], "refused: REST: 409 wrong_state"),
        (lambda record: without(record, Ledger), "once: REST: nobody read what is stored"),
        (lambda _: a_record({**STORED, "rfi job 9": 1}), "nobody asked for 'rfi job 9'"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(
    change: Callable[[list[Event]], list[Event]], violation: str
) -> None:
    """A second answer, no answer, a refusal, an effect that nobody requested: each is named."""
    found = violations_of(change(a_record()))

    assert any(violation in line for line in found), found
