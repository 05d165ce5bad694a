"""Decisions."""

from dataclasses import replace
from datetime import timedelta

from marketplace.domain.decisions import DecisionKind
from marketplace.ports import Repositories, Store
from tests.builders import NOW
from tests.contracts.helpers import all_pages, concurrently
from tests.rows import a_decision

SECOND = timedelta(seconds=1)


async def test_a_stored_decision_reads_back_equal(store: Store) -> None:
    """Its inputs, outcome and reasons are what they were, however nested."""
    decision = a_decision(
        inputs={"candidates": [{"vendor_id": "v1", "distance_m": 1_200}], "location": None},
        outcome={"offered": ["v1"], "is_expired": False},
        reasons={"v2": "at_capacity"},
        causation_id="event-1",
    )

    await store.decisions.add(decision)

    pages = await all_pages(lambda at: store.decisions.of([decision.subject_id], None, at), 10)
    assert pages == [[decision]]


async def test_decisions_are_found_by_subject_and_kind(store: Store) -> None:
    """Newest first, in pages that have each once."""
    expiries = [a_decision(subject_id="rfi") for _ in range(3)]
    matching = a_decision(subject_id="rfi", kind=DecisionKind.MATCHING)
    other = a_decision(subject_id="other")
    for decision in (*expiries, matching, other):
        await store.decisions.add(decision)

    async def found(subjects: list[str] | None, kind: DecisionKind | None) -> list[str]:
        pages = await all_pages(lambda at: store.decisions.of(subjects, kind, at), 2)
        return [decision.id for page in pages for decision in page]

    newest = [decision.id for decision in (*expiries, matching, other)][::-1]
    assert await found(None, None) == newest
    assert await found(["rfi"], None) == newest[1:]
    assert await found(["rfi", "other"], DecisionKind.EXPIRY) == [newest[0], *newest[2:]]
    assert await found(["rfi"], DecisionKind.MATCHING) == [matching.id]
    assert await found([], None) == []


async def test_decisions_continue_before_a_position(store: Store) -> None:
    """In the order of (time, id), newest first; the position itself is not included."""
    early, late, latest = (
        a_decision(subject_id="rfi", at=NOW - SECOND),
        a_decision(subject_id="rfi", at=NOW),
        a_decision(subject_id="match", at=NOW),
    )
    for decision in (latest, early, late, a_decision()):
        await store.decisions.add(decision)
    subjects = ["rfi", "match"]

    assert await store.decisions.before(subjects, NOW + SECOND, "", 10) == [latest, late, early]
    assert await store.decisions.before(subjects, NOW, latest.id, 10) == [late, early]
    assert await store.decisions.before(subjects, NOW, "", 1) == [early]


async def test_a_rolled_back_transaction_leaves_no_decision(store: Store) -> None:
    """A transaction that fails leaves no decision."""
    decision = a_decision()

    async def fail(tx: Repositories) -> None:
        await tx.decisions.add(decision)
        raise RuntimeError("a defect")

    await concurrently(store.transact(fail))

    assert await store.decisions.before([decision.subject_id], NOW + SECOND, "", 1) == []


async def test_an_erasure_rewrites_one_decision(store: Store) -> None:
    """The others stay; an unknown one is not added."""
    decision, other = a_decision(), a_decision()
    for kept in (decision, other):
        await store.decisions.add(kept)
    rewritten = replace(decision, inputs={"location": None})

    await store.decisions.rewrite(rewritten)
    await store.decisions.rewrite(a_decision())

    pages = await all_pages(lambda at: store.decisions.of(None, None, at), 10)
    assert pages == [[other, rewritten]]
