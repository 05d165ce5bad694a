"""Revisions of an RFI: saved one after the other, dense, and read in pages."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from marketplace.domain import rfis
from marketplace.domain.rfis import Change
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_revision, an_actor, an_rfi, rfi_content
from tests.contracts.helpers import add_rfi, concurrently, save_rfi, stored_rfi

SOON = NOW + timedelta(days=7)


async def test_revisions_read_back_with_every_kind_of_value(store: Store) -> None:
    """Old and new values keep their types: numbers, strings, times, places, lists and None."""
    changes = (
        Change("title", None, "Leak"),
        Change("location", None, an_rfi().location),
        Change("needed_by", NOW, None),
        Change("budget.min_minor", 1, 2**40),
        Change("attributes.depth_m", 1.5, True),
        Change("attachment_ids", ["a"], ["a", "b"]),
    )
    rfi = an_rfi()
    revision = a_revision(rfi, changes=changes)

    await store.transact(lambda to: to.rfis.add(rfi, revision))

    assert await store.rfis.revisions(rfi.id, 0) == [revision]


async def test_values_that_domain_rules_create_read_back_equal(store: Store) -> None:
    """The values that the domain rules create, tuples included, read back equal."""
    actor = an_actor()
    content = rfi_content(attachment_ids=("a", "b"), attributes={"floor": 2})
    rfi, first = rfis.draft("draft-1", content, actor, NOW)
    revised, second = rfis.revise(rfi, {"attachment_ids": ("b",), "needed_by": SOON}, actor, NOW)

    await store.transact(lambda to: to.rfis.add(rfi, first))
    await store.transact(lambda to: to.rfis.save(revised, second))

    assert await store.rfis.get(rfi.id) == revised
    kept = await store.rfis.revisions(rfi.id, 0)
    assert [_comparable(revision) for revision in kept] == [_comparable(first), _comparable(second)]


def _comparable(revision: rfis.Revision) -> rfis.Revision:
    """Tuples become lists: in JSON, and for readers of a change, they are the same."""
    changes = tuple(
        Change(change.path, _listed(change.old), _listed(change.new)) for change in revision.changes
    )
    return replace(revision, changes=changes)


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


async def test_a_saved_rfi_has_its_new_revision(store: Store) -> None:
    """Saving replaces every field, including those that became empty, and adds the revision."""
    rfi = await add_rfi(store)
    changed = replace(rfi, title="Burst pipe", budget=None, needed_by=None, revision=2)

    await save_rfi(store, changed)

    assert await store.rfis.get(rfi.id) == changed
    assert await store.rfis.revisions(rfi.id, 0) == [a_revision(rfi), a_revision(changed)]


@pytest.mark.parametrize("number", [1, 3, 4])
async def test_a_save_based_on_another_revision_is_stale(store: Store, number: int) -> None:
    """A revision that does not directly follow the current one is refused and leaves no trace."""
    rfi = await add_rfi(store)
    changed = replace(rfi, title="Burst pipe", revision=number)

    with pytest.raises(ParleyError) as refused:
        await save_rfi(store, changed)

    assert refused.value.code is Code.STALE_REVISION
    assert await store.rfis.get(rfi.id) == rfi
    assert len(await store.rfis.revisions(rfi.id, 0)) == 1


async def test_only_one_concurrent_save_of_a_revision_wins(store: Store) -> None:
    """Of ten saves based on revision 1, one gets revision 2 and nine are stale."""
    rfi = await add_rfi(store)

    async def save(to: Repositories, title: str) -> None:
        changed = replace(rfi, title=title, revision=2)
        await to.rfis.save(changed, a_revision(changed))

    outcomes = await concurrently(
        *(store.transact(partial(save, title=f"Title {n}")) for n in range(10))
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, ParleyError)]
    assert [refusal.code for refusal in refusals] == [Code.STALE_REVISION] * 9
    assert outcomes.count(None) == 1
    assert (await stored_rfi(store, rfi.id)).title == f"Title {outcomes.index(None)}"


async def test_concurrent_revisions_stay_dense(store: Store) -> None:
    """Twenty concurrent transactions that read and revise all get their own revision number."""
    rfi = await add_rfi(store, an_rfi(attributes={}))
    actor = an_actor()

    async def revise(to: Repositories, name: str) -> None:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        attributes = {**current.attributes, name: True}
        await to.rfis.save(*rfis.revise(current, {"attributes": attributes}, actor, NOW))

    await asyncio.gather(*(store.transact(partial(revise, name=f"n{n}")) for n in range(20)))

    kept = await stored_rfi(store, rfi.id)
    assert kept.revision == 21
    assert len(kept.attributes) == 20
    numbers = [revision.revision for revision in await store.rfis.revisions(rfi.id, 0)]
    assert numbers == list(range(1, 22))


async def test_revisions_are_paged_after_a_number(store: Store) -> None:
    """A feed resumes after any revision, in pages of any size."""
    rfi = await add_rfi(store)
    for number in range(2, 8):
        await save_rfi(store, replace(rfi, title=f"Title {number}", revision=number))

    behind = await store.rfis.revisions(rfi.id, 2, limit=3)
    rest = await store.rfis.revisions(rfi.id, 5)

    assert [revision.revision for revision in behind] == [3, 4, 5]
    assert [revision.revision for revision in rest] == [6, 7]
    assert await store.rfis.revisions(rfi.id, 7) == []


async def test_the_submission_is_found_among_the_revisions(store: Store) -> None:
    """The revision of the submission is found; it is 0 for an RFI that was never submitted."""
    actor = an_actor()
    draft, first = rfis.draft("draft", rfi_content(), actor, NOW)
    await store.rfis.add(draft, first)
    assert await store.rfis.submission("draft") == 0

    await store.rfis.save(*(revised := rfis.revise(draft, {"title": "Other"}, actor, NOW)))
    await store.rfis.save(*rfis.submit(revised[0], actor, NOW))

    assert await store.rfis.submission("draft") == 3
