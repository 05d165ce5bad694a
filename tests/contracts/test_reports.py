"""Reports of messages."""

from dataclasses import replace

import pytest

from marketplace.domain.reports import Report, ReportState
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_deletion, a_message, a_report, an_edit
from tests.contracts.helpers import all_pages, concurrently


async def test_a_stored_report_reads_back_equal(store: Store) -> None:
    """Open or closed, a report reads back equal; an unknown report is None."""
    report = a_report()
    closed = a_report(
        state=ReportState.CLOSED, closed_at=NOW, closed_by="admin", resolution="Nothing in it."
    )
    for stored in (report, closed):
        await store.reports.add(stored)

        assert await store.reports.get(stored.id) == stored
        assert await store.reports.of_reporter(stored.message_id, stored.reporter_id) == stored
    assert await store.reports.get("unknown") is None
    assert await store.reports.of_reporter(report.message_id, "unknown") is None


async def test_concurrent_reports_store_one(store: Store) -> None:
    """Concurrent transactions that read first and then add all end with the same report."""

    async def report_once(to: Repositories) -> Report:
        first = await to.reports.of_reporter("message", "carla")
        if first is not None:
            return first
        report = a_report(message_id="message", reporter_id="carla")
        await to.reports.add(report)
        return report

    outcomes = await concurrently(*(store.transact(report_once) for _ in range(10)))

    kept = await store.reports.of_reporter("message", "carla")
    assert outcomes == [kept] * 10


async def test_a_report_is_closed_once(store: Store) -> None:
    """When several admins decide at once, one decision is stored and the others are refused."""
    report = a_report()
    await store.reports.add(report)
    decisions = [
        replace(report, state=ReportState.CLOSED, resolution=f"Decision {n}") for n in range(5)
    ]

    outcomes = await concurrently(
        *(store.reports.save(decision, ReportState.OPEN) for decision in decisions)
    )

    assert outcomes.count(None) == 1
    assert await store.reports.get(report.id) == decisions[outcomes.index(None)]
    refused = next(outcome for outcome in outcomes if isinstance(outcome, ParleyError))
    assert refused.code is Code.WRONG_STATE


async def test_reports_are_paged_newest_first_by_state(store: Store) -> None:
    """The pages hold each report once; a state filters them."""
    waiting = [a_report() for _ in range(4)]
    closed = a_report(state=ReportState.CLOSED)
    for report in (*waiting, closed):
        await store.reports.add(report)

    still_open = await all_pages(lambda at: store.reports.of_state(ReportState.OPEN, at), 3)
    every = await all_pages(lambda at: store.reports.of_state(None, at), 5)

    assert still_open == [waiting[:0:-1], waiting[:1]]
    assert every == [[closed, *waiting[::-1]]]


@pytest.mark.parametrize("count", [0, 3])
async def test_a_messages_edits_are_listed_in_order(store: Store, count: int) -> None:
    """The list holds the message's own edits and nothing else about it."""

    async def work(to: Repositories) -> list[str]:
        message = await to.entries.add_next(a_message(conversation_id="c"))
        about = {"conversation_id": "c", "message_id": message.id}
        edits = [await to.entries.add_next(an_edit(**about, body=f"{n}")) for n in range(count)]
        await to.entries.add_next(a_deletion(**about))
        await to.entries.add_next(an_edit(conversation_id="c"))
        return [message.id, *(edit.id for edit in edits)]

    message_id, *edits = await store.transact(work)

    assert [edit.id for edit in await store.entries.edits(message_id)] == edits


async def test_an_accounts_own_reports_are_paged_newest_first(store: Store) -> None:
    """Reports of others are not among them."""
    own = [a_report(reporter_id="carla") for _ in range(3)]
    for report in (*own, a_report()):
        await store.reports.add(report)

    pages = await all_pages(lambda at: store.reports.by_reporter("carla", at), 2)

    assert pages == [[own[2], own[1]], [own[0]]]
