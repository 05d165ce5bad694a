"""RFIs: stored, counted, guarded, awarded and listed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from marketplace.domain import awards, rfis
from marketplace.domain.accounts import Actor
from marketplace.domain.awards import Award
from marketplace.domain.rfis import Change, Rfi, RfiState
from marketplace.errors import Code, ParleyError
from marketplace.ports import Repositories, Store
from tests.builders import NOW, a_match, a_revision, an_actor, an_rfi
from tests.contracts.helpers import add_rfi, all_pages, concurrently, save_rfi, stored_rfi

SOON = NOW + timedelta(days=7)


@pytest.mark.parametrize(
    "rfi",
    [an_rfi(), an_rfi(address=None, needed_by=None, budget=None, attributes={}, submitted_at=None)],
    ids=["full", "sparse"],
)
async def test_a_stored_rfi_reads_back_equal(store: Store, rfi: Rfi) -> None:
    """Every field a customer filled in or left out reads back unchanged."""
    await add_rfi(store, rfi)

    assert await store.rfis.get(rfi.id) == rfi


async def test_many_rfis_are_read_at_once_without_unknown_ones(store: Store) -> None:
    """`get_many` returns the RFIs that exist, by id."""
    one, other = await add_rfi(store), await add_rfi(store)

    found = await store.rfis.get_many([one.id, "unknown", other.id])

    assert found == {one.id: one, other.id: other}
    assert await store.rfis.get_many([]) == {}


async def test_an_unknown_rfi_reads_as_none(store: Store) -> None:
    """An RFI that does not exist reads as None and has no revisions."""
    assert await store.rfis.get("unknown") is None
    assert await store.rfis.revisions("unknown", 0) == []


async def test_a_filled_field_can_become_empty_again(store: Store) -> None:
    """Saving a field's default value clears the value of the previous revision."""
    rfi = await add_rfi(store, an_rfi(awarded_quote_id="q", awarded_vendor_id="v"))
    changed = replace(rfi, awarded_quote_id=None, awarded_vendor_id=None, revision=2)

    await save_rfi(store, changed)

    assert await store.rfis.get(rfi.id) == changed


async def test_text_that_looks_like_an_operator_is_stored_as_text(store: Store) -> None:
    """A title such as `$title` and an attribute such as `$$ROOT` are stored as written."""
    rfi = await add_rfi(store)
    changed = replace(
        rfi, title="$title", description="$$ROOT", attributes={"note": "$match_count"}, revision=2
    )

    await save_rfi(store, changed)

    assert await store.rfis.get(rfi.id) == changed


async def test_a_save_keeps_the_match_count(store: Store) -> None:
    """Saving an RFI that was read before a match was counted keeps the count."""
    rfi = await add_rfi(store)
    await store.transact(lambda to: to.rfis.count_matches(rfi.id, 2))
    changed = replace(rfi, title="Burst pipe", revision=2)

    await save_rfi(store, changed)

    assert (await stored_rfi(store, rfi.id)).match_count == 2


async def test_concurrent_match_counts_and_revisions_are_all_kept(store: Store) -> None:
    """Matches counted during revisions are all counted, and no revision is lost."""
    rfi = await add_rfi(store, an_rfi(max_vendors=50))
    actor = an_actor()

    async def revise(to: Repositories, number: int) -> None:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        await to.rfis.save(*rfis.revise(current, {"title": f"Title {number}"}, actor, NOW))

    await asyncio.gather(
        *(store.transact(lambda to: to.rfis.count_matches(rfi.id, 1)) for _ in range(15)),
        *(store.transact(partial(revise, number=n)) for n in range(10)),
    )

    kept = await stored_rfi(store, rfi.id)
    assert (kept.match_count, kept.revision) == (15, 11)


async def test_a_limit_checked_in_a_transaction_is_exact(store: Store) -> None:
    """Of thirty transactions that check for a free place and take it, exactly as many succeed as
    places exist.
    """
    rfi = await add_rfi(store, an_rfi(max_vendors=5))

    async def take_place(to: Repositories) -> bool:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        if current.match_count >= current.max_vendors:
            return False
        await to.rfis.count_matches(rfi.id, 1)
        return True

    got = await asyncio.gather(*(store.transact(take_place) for _ in range(30)))

    assert got.count(True) == 5
    assert (await stored_rfi(store, rfi.id)).match_count == 5


async def test_a_guarded_rfi_does_not_change_during_the_transaction(store: Store) -> None:
    """An RFI that a transaction has read and guarded cannot change before the transaction commits.

    A vendor is matched while the RFI is withdrawn: either the match comes first and the withdrawal
    sees it, or the RFI is withdrawn first and no match is made.
    """
    rfi, actor = await add_rfi(store), an_actor()
    has_read = asyncio.Event()

    async def withdraw(to: Repositories) -> int:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        await to.rfis.save(*rfis.withdraw(current, actor, NOW))
        return len(await to.matches.of_rfi(rfi.id))

    async def withdraw_meanwhile() -> int:
        await has_read.wait()
        return await store.transact(withdraw)

    async def match(to: Repositories) -> None:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        has_read.set()
        # In memory the withdrawal waits for this transaction; in MongoDB it commits first.
        await asyncio.wait([withdrawing], timeout=0.5)
        await to.rfis.guard(rfi.id)
        if current.state is RfiState.OPEN:
            await to.matches.add(a_match(rfi_id=rfi.id))

    withdrawing = asyncio.create_task(withdraw_meanwhile())
    await store.transact(match)

    assert len(await store.matches.of_rfi(rfi.id)) == await withdrawing


async def test_a_guard_changes_no_visible_field(store: Store) -> None:
    """A guarded RFI reads as before, and its next revision is saved as before."""
    rfi = await add_rfi(store)

    await store.transact(lambda to: to.rfis.guard(rfi.id))

    assert await store.rfis.get(rfi.id) == rfi
    changed = replace(rfi, title="Burst pipe", revision=2)
    await save_rfi(store, changed)
    await store.transact(lambda to: to.rfis.guard(rfi.id))
    assert await store.rfis.get(rfi.id) == changed


async def test_an_rfi_is_awarded_once(store: Store) -> None:
    """Of ten concurrent awards one succeeds; the others find the RFI awarded."""
    rfi = await add_rfi(store)
    customer = Actor(rfi.customer_id, an_actor().role)

    async def award(to: Repositories, vendor_id: str) -> None:
        current = await to.rfis.get(rfi.id)
        assert current is not None
        given = Award(f"quote-{vendor_id}", 1, vendor_id, cancellable_until=NOW)
        await to.rfis.save(*awards.award(current, given, customer, NOW))

    outcomes = await concurrently(
        *(store.transact(partial(award, vendor_id=f"vendor-{n}")) for n in range(10))
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, ParleyError)]
    kept = await stored_rfi(store, rfi.id)
    assert [refusal.code for refusal in refusals] == [Code.WRONG_STATE] * 9
    assert kept.state is RfiState.AWARDED
    assert kept.awarded_vendor_id == f"vendor-{outcomes.index(None)}"
    assert kept.revision == 2


async def test_a_customers_rfis_are_paged_newest_first(store: Store) -> None:
    """The pages hold each of the customer's RFIs once, and nobody else's."""
    mine = [await add_rfi(store, an_rfi(customer_id="carla")) for _ in range(7)]
    await add_rfi(store)

    pages = await all_pages(lambda at: store.rfis.of_customer("carla", at), 3)

    newest_first = mine[::-1]
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]


async def test_a_full_last_page_has_no_cursor(store: Store) -> None:
    """A full last page does not point to an empty one."""
    for _ in range(4):
        await add_rfi(store, an_rfi(customer_id="carla"))

    assert [len(p) for p in await all_pages(lambda at: store.rfis.of_customer("carla", at), 2)] == [
        2,
        2,
    ]
    assert await all_pages(lambda at: store.rfis.of_customer("nobody", at), 2) == [[]]


async def test_a_customers_open_rfis_are_counted(store: Store) -> None:
    """Only the customer's own open RFIs and the vendors they ask for count, not drafts or ended
    ones.
    """
    mine = [an_rfi(customer_id="carla", max_vendors=n) for n in (3, 5)]
    others = [
        an_rfi(customer_id="carla", state=RfiState.DRAFT),
        an_rfi(customer_id="carla", state=RfiState.AWARDED),
        an_rfi(),
    ]
    for rfi in (*mine, *others):
        await store.rfis.add(rfi, a_revision(rfi))

    assert await store.rfis.open_of("carla") == (2, 8)
    assert await store.rfis.open_of("nobody") == (0, 0)


async def test_a_rewritten_rfi_keeps_its_revision_and_its_count(store: Store) -> None:
    """Only the given revisions change; fields can become empty."""
    rfi = await add_rfi(store)
    await store.rfis.count_matches(rfi.id, 2)
    revision = (await store.rfis.revisions(rfi.id, 0))[0]
    kept = replace(rfi, address=None, title="Erased", budget=None)

    await store.transact(lambda tx: tx.rfis.rewrite(kept, [replace(revision, changes=())]))

    assert await stored_rfi(store, rfi.id) == replace(kept, match_count=2)
    assert await store.rfis.revisions(rfi.id, 0) == [replace(revision, changes=())]


async def test_an_rfi_at_another_revision_is_not_rewritten(store: Store) -> None:
    """A rewrite based on an older revision changes nothing."""
    rfi = await add_rfi(store)

    await store.rfis.rewrite(replace(rfi, revision=9, title="Erased"), [])

    assert await stored_rfi(store, rfi.id) == rfi


async def test_the_newest_revision_that_can_change_a_price_is_found(store: Store) -> None:
    """A title, the state and another RFI's revisions do not count; a part of the budget does."""
    rfi, other = await add_rfi(store), await add_rfi(store)
    paths = ["budget.max_minor", "title", "attributes.floor", "state", "titles", "max_vendors"]
    for number, path in enumerate(paths, start=2):
        for changed, name in ((rfi, path), (other, "description")):
            revised = replace(changed, revision=number)
            changes = (Change(name, None, "x"),)
            await store.rfis.save(revised, a_revision(revised, changes=changes))

    assert await store.rfis.material_revision(rfi.id, 0) == 4
    assert await store.rfis.material_revision(rfi.id, 3) == 4
    assert await store.rfis.material_revision(rfi.id, 4) == 0
    assert await store.rfis.material_revision("unknown", 0) == 0
