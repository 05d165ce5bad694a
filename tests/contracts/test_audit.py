"""The audit trail."""

from dataclasses import replace

from marketplace.domain.rfis import Change
from marketplace.ports import Store
from tests.contracts.helpers import all_pages
from tests.rows import an_audit_record


async def test_a_stored_record_reads_back_equal(store: Store) -> None:
    """Its values are what they were, however nested."""
    record = an_audit_record(
        changes=(
            Change("service_area", None, {"location": {"coordinates": [1.5, 2.5]}}),
            Change("categories", ["plumbing"], []),
        ),
        reason="because",
        correlation_id="request-1",
    )

    await store.audit.add(record)

    pages = await all_pages(lambda at: store.audit.of(record.subject_id, None, at), 10)
    assert pages == [[record]]


async def test_records_are_found_by_subject_and_actor(store: Store) -> None:
    """Newest first, in pages that have each once."""
    by_admin = [an_audit_record(subject_id="v1", actor_id="admin") for _ in range(3)]
    by_vendor = an_audit_record(subject_id="v1", actor_id="v1")
    elsewhere = an_audit_record(subject_id="v2", actor_id="admin")
    for record in (*by_admin, by_vendor, elsewhere):
        await store.audit.add(record)

    async def found(subject_id: str | None, actor_id: str | None) -> list[str]:
        pages = await all_pages(lambda at: store.audit.of(subject_id, actor_id, at), 2)
        return [record.id for page in pages for record in page]

    newest = [record.id for record in (*by_admin, by_vendor, elsewhere)][::-1]
    assert await found(None, None) == newest
    assert await found("v1", None) == newest[1:]
    assert await found("v1", "admin") == newest[2:]
    assert await found(None, "admin") == [newest[0], *newest[2:]]
    assert await found("v3", None) == []


async def test_a_forgotten_subject_keeps_its_records_without_their_values(store: Store) -> None:
    """Who did what and when stays; records about others are as they were."""
    changed = an_audit_record(subject_id="v1", reason="because")
    unchanged = an_audit_record(subject_id="v1", changes=())
    other = an_audit_record(subject_id="v2", reason="because")
    for record in (changed, unchanged, other):
        await store.audit.add(record)

    await store.audit.forget("v1")

    (found,) = await all_pages(lambda at: store.audit.of(None, None, at), 10)
    without = replace(changed, changes=(Change("company", None, None),), reason=None)
    assert found == [other, unchanged, without]
