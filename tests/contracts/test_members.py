"""Teams, and the conversations assigned within them."""

from dataclasses import replace
from datetime import timedelta

from marketplace.domain.members import MAX_MEMBERS, MemberRole, free_slot
from marketplace.errors import ParleyError
from marketplace.ids import new_id
from marketplace.ports import Repositories, Store
from tests.builders import NOW
from tests.contracts.helpers import all_pages, concurrently
from tests.rows import a_member, an_assignment

LATER = NOW + timedelta(hours=1)


async def test_members_read_back_in_the_order_of_their_places(store: Store) -> None:
    """Those of other teams are not listed, and a removed one no longer."""
    vendor_id = new_id()
    owner = a_member(vendor_id=vendor_id, role=MemberRole.OWNER, slot=2)
    agent, gone = a_member(vendor_id=vendor_id, slot=1), a_member(vendor_id=vendor_id, slot=3)
    for member in (owner, agent, gone, a_member()):
        await store.members.add(member)

    await store.transact(lambda tx: tx.members.remove(gone.id))

    assert await store.members.of_vendor(vendor_id) == [agent, owner]
    assert await store.members.get(owner.id) == owner
    assert await store.members.get(gone.id) is None


async def test_a_touch_finds_only_members_of_the_vendor(store: Store) -> None:
    """And says when a conversation was last assigned."""
    member = a_member()
    await store.members.add(member)

    assert not await store.members.touch(new_id(), member.id, LATER)
    assert not await store.members.touch(member.vendor_id, new_id(), LATER)
    assert await store.members.touch(member.vendor_id, member.id, LATER)

    assert await store.members.get(member.id) == replace(member, assigned_at=LATER)


async def test_a_members_role_is_replaced_and_nothing_else(store: Store) -> None:
    """It creates no member."""
    member = a_member(assigned_at=NOW)
    await store.members.add(member)

    await store.transact(lambda tx: tx.members.set_role(member.id, MemberRole.OWNER))
    await store.members.set_role("nobody", MemberRole.OWNER)

    assert await store.members.get(member.id) == replace(member, role=MemberRole.OWNER)
    assert await store.members.get("nobody") is None


async def test_a_team_never_has_more_members_than_places(store: Store) -> None:
    """However many are invited at once."""
    vendor_id = new_id()

    async def invite() -> None:
        member = a_member(vendor_id=vendor_id)

        async def work(tx: Repositories) -> None:
            taken = {other.slot for other in await tx.members.of_vendor(vendor_id)}
            await tx.members.add(replace(member, slot=free_slot(taken)))

        await store.transact(work)

    for _ in range(MAX_MEMBERS - 2):
        await invite()
    outcomes = await concurrently(*(invite() for _ in range(8)))

    assert sum(outcome is None for outcome in outcomes) == 2
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {ParleyError}
    team = await store.members.of_vendor(vendor_id)
    assert [member.slot for member in team] == list(range(1, MAX_MEMBERS + 1))


async def test_only_one_of_a_concurrent_assignment_and_removal_leaves_a_trace(
    store: Store,
) -> None:
    """Nothing stays assigned to a member who is gone."""
    for _ in range(8):
        member = a_member()
        await store.members.add(member)
        assignment = an_assignment(vendor_id=member.vendor_id, account_id=member.id)

        async def assign(tx: Repositories) -> None:
            if await tx.members.touch(member.vendor_id, member.id, LATER):  # noqa: B023
                await tx.assignments.save(assignment)  # noqa: B023

        async def remove(tx: Repositories) -> None:
            await tx.members.remove(member.id)  # noqa: B023
            await tx.assignments.remove_of(member.id)  # noqa: B023

        await concurrently(store.transact(assign), store.transact(remove))

        pages = await all_pages(
            lambda at: store.assignments.of(member.vendor_id, None, at),  # noqa: B023
            10,
        )
        assert pages == [[]]


async def test_a_conversation_is_assigned_to_one_person(store: Store) -> None:
    """The last one; pages have each conversation once, the newest first."""
    vendor_id, carla, luis = new_id(), new_id(), new_id()
    made = [an_assignment(vendor_id=vendor_id, account_id=carla) for _ in range(3)]
    for assignment in (*made, an_assignment()):
        await store.assignments.save(assignment)

    moved = replace(made[1], account_id=luis, at=LATER)
    await store.assignments.save(moved)
    await store.assignments.remove(made[0].id)

    pages = await all_pages(lambda at: store.assignments.of(vendor_id, None, at), 1)
    assert pages == [[made[2]], [moved]]
    assert await store.assignments.get(moved.id) == moved
    assert await store.assignments.get(made[0].id) is None
    of_luis = await all_pages(lambda at: store.assignments.of(vendor_id, luis, at), 10)
    assert of_luis == [[moved]]
    await store.assignments.remove_of(luis)
    assert await all_pages(lambda at: store.assignments.of(vendor_id, luis, at), 10) == [[]]
