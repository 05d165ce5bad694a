"""The rules for the record of business over REST and of timers: each effect happens once.

once            each effect is stored once, with its event, and so is each of its facts    P3, P7
first answer    a request repeated under its key gets the first answer                     P3
finished        every request got an answer in the end, or its effect was found; every
                timer had its effect                                                       P11
refused         no correct request was refused permanently                                 P3
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.effects import Done, Effect, Ledger, Rejected, Requested, facts
from tests.chaos.history import Event
from tests.chaos.record import Violation


def effect_violations(events: Sequence[Event]) -> list[Violation]:
    """Find everything that breaks a promise in a history of business over REST."""
    requested = list(
        dict.fromkeys(event.effect for event in events if isinstance(event, Requested))
    )
    if not requested:
        return []
    answers: dict[Effect, set[str | None]] = defaultdict(set)
    for event in events:
        if isinstance(event, Done):
            answers[event.effect].add(event.answer)
    turned = [event for event in events if isinstance(event, Rejected)]
    ledgers = [event for event in events if isinstance(event, Ledger)]
    found = {
        "once": _once(list(answers), ledgers),
        "first answer": _first_answers(answers),
        "finished": (
            f"{effect} has no answer"
            for effect in requested
            if effect not in answers and effect not in {one.effect for one in turned}
        ),
        "refused": (f"{refusal.status} {refusal.code} for {refusal.effect}" for refusal in turned),
    }
    return [Violation(rule, "REST", what) for rule, faults in found.items() for what in faults]


def _once(done: list[Effect], ledgers: list[Ledger]) -> Iterator[str]:
    if not ledgers:
        yield "nobody read what is stored"
        return
    counts = ledgers[-1].counts
    for effect in done:
        for fact in facts(effect):
            if counts.get(fact, 0) != 1:
                yield f"{effect}: {fact!r} is stored {counts.get(fact, 0)} times"
    asked_for = {fact for effect in done for fact in facts(effect)}
    for fact, count in counts.items():
        if fact not in asked_for:
            yield f"nobody asked for {fact!r}, which is stored {count} times"


def _first_answers(answers: dict[Effect, set[str | None]]) -> Iterator[str]:
    for effect, different in answers.items():
        if len(different) > 1:
            yield f"{effect} was answered in {len(different)} ways: {sorted(map(str, different))}"
