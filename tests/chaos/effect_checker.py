"""What the record of business over REST must be like: each effect once.

once          what was asked for stands once, with its event, and so does each of its facts   P3, P7
first answer  whoever repeats a request under its key gets the first answer                   P3
finished      whoever asked got an answer in the end, or found what was done                  P11
refused       nothing that was right was refused for good                                     P3
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.effects import Asked, Done, Effect, Ledger, Turned, facts
from tests.chaos.history import Event
from tests.chaos.record import Violation


def effect_violations(events: Sequence[Event]) -> list[Violation]:
    """All that is not as promised in a history of business over REST."""
    asked = list(dict.fromkeys(each.effect for each in events if isinstance(each, Asked)))
    if not asked:
        return []
    answers: dict[Effect, set[str | None]] = defaultdict(set)
    for each in events:
        if isinstance(each, Done):
            answers[each.effect].add(each.answer)
    turned = [each for each in events if isinstance(each, Turned)]
    ledgers = [each for each in events if isinstance(each, Ledger)]
    found = {
        "once": _once(list(answers), ledgers),
        "first answer": _first_answers(answers),
        "finished": (
            f"{each} has no answer"
            for each in asked
            if each not in answers and each not in {one.effect for one in turned}
        ),
        "refused": (f"{each.status} {each.code} for {each.effect}" for each in turned),
    }
    return [Violation(rule, "REST", what) for rule, told in found.items() for what in told]


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
    for effect, told in answers.items():
        if len(told) > 1:
            yield f"{effect} was answered in {len(told)} ways: {sorted(map(str, told))}"
