"""A follower of an RFI sees what the table of views allows, on every gateway."""

from dataclasses import dataclass

import pytest_asyncio

from marketplace.actions import matches, rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.rfis import BudgetVisibility, Rfi
from marketplace.ports import World
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.builders import a_match, a_place, a_vendor, rfi_content
from tests.realtime.apps import App, Person, a_person
from tests.realtime.conftest import Connect, Gateways

DOOR = a_place(-104.99031, 39.73921)
ROUNDED = a_place(-104.99, 39.74)


@dataclass(frozen=True, slots=True)
class PrivateRfi:
    """A submitted RFI at revision 3, without its draft's secret, and a vendor it is offered to."""

    rfi: Rfi
    match_id: str
    customer: Person
    vendor: Person
    world: World

    async def revise(self, revision: int, **content: object) -> None:
        """Revise the RFI from another process, as REST does."""
        actor = Actor(self.customer.id, Role.CUSTOMER)
        await rfis.revise(self.world, actor, self.rfi.id, revision, content)

    async def accept(self) -> None:
        """Accept the offer."""
        await matches.accept(self.world, Actor(self.vendor.id, Role.VENDOR), self.match_id)


@pytest_asyncio.fixture
async def private_rfi(gateways: Gateways, store: MongoStore, settings: Settings) -> PrivateRfi:
    """Draft with an alarm code, remove it, submit, offer."""
    customer = await a_person(store, settings)
    vendor = await a_person(store, settings, Role.VENDOR)
    await store.vendors.add(a_vendor(id=vendor.id, open_matches=1))
    world, actor = gateways[1].parts.world, Actor(customer.id, Role.CUSTOMER)
    content = rfi_content(
        location=DOOR, address="1437 Bannock St", attributes={"alarm": "alarm-4711-code"}
    )
    drafted = await rfis.draft(world, actor, content)
    await rfis.revise(world, actor, drafted.id, 1, {"attributes": {}})
    rfi = await rfis.submit(world, actor, drafted.id, 2)
    match = a_match(rfi_id=rfi.id, customer_id=customer.id, vendor_id=vendor.id)
    await store.matches.add(match)
    await store.rfis.count_matches(rfi.id, 1)
    return PrivateRfi(rfi, match.id, customer, vendor, world)


def paths_of(app: App) -> list[list[str]]:
    """The paths that each pushed revision changed."""
    return [[change["path"] for change in push["changes"]] for push in app.named("rfi.changed")]


async def test_a_vendor_with_an_offer_joins_the_limited_view(
    gateways: Gateways, connect: Connect, private_rfi: PrivateRfi
) -> None:
    """The vendor's snapshot is rounded and begins with the submission; the customer sees all."""
    vendor = await connect(gateways[0], private_rfi.vendor)
    customer = await connect(gateways[0], private_rfi.customer)

    seen = await vendor.ok("join_rfi", {"rfi_id": private_rfi.rfi.id, "after_revision": 2})
    from_the_start = await vendor.ok(
        "join_rfi", {"rfi_id": private_rfi.rfi.id, "after_revision": 0}
    )
    own = await customer.ok("join_rfi", {"rfi_id": private_rfi.rfi.id, "after_revision": 0})

    assert (seen["rfi"]["address"], seen["rfi"]["location"]) == (None, ROUNDED)
    assert seen["rfi"]["visibility"] == "limited"
    assert [change["cause"] for change in seen["changes"]] == ["submitted"]
    assert from_the_start["is_snapshot"] is False
    assert from_the_start["changes"] == seen["changes"]
    assert (own["rfi"]["address"], own["rfi"]["location"]) == ("1437 Bannock St", DOOR)
    assert [change["revision"] for change in own["changes"]] == [1, 2, 3]


async def test_each_member_gets_only_what_it_may_see(
    gateways: Gateways, connect: Connect, private_rfi: PrivateRfi
) -> None:
    """Pushes show each member what it may see, with dense numbers, on both gateways."""
    vendors = [await connect(gateway, private_rfi.vendor) for gateway in gateways]
    customers = [await connect(gateway, private_rfi.customer) for gateway in gateways]
    for app in (*vendors, *customers):
        await app.ok("join_rfi", {"rfi_id": private_rfi.rfi.id})

    await private_rfi.revise(3, address="12 Elm St", title="Two sinks")
    await private_rfi.revise(4, budget_visibility=BudgetVisibility.SHOWN)
    for app in (*vendors, *customers):
        await app.until(lambda app=app: len(app.named("rfi.changed")) == 2)  # type: ignore[misc] # bound in the loop

    for app in vendors:
        assert paths_of(app) == [["title"], ["budget_visibility"]]
        assert [change["revision"] for change in app.named("rfi.changed")] == [4, 5]
        assert "Elm" not in str(app.named("rfi.changed"))
    for app in customers:
        assert paths_of(app) == [["address", "title"], ["budget_visibility"]]


async def test_a_vendor_that_accepts_sees_later_changes_in_full(
    gateways: Gateways, connect: Connect, private_rfi: PrivateRfi
) -> None:
    """A vendor that accepts sees later changes in full, in a room it has already joined."""
    apps = [await connect(gateway, private_rfi.vendor) for gateway in gateways]
    for app in apps:
        await app.ok("join_rfi", {"rfi_id": private_rfi.rfi.id})

    await private_rfi.accept()
    for revision in range(
        3, 30
    ):  # each gateway reads the match again as soon as it hears of a change
        await private_rfi.revise(revision, address=f"{revision} Elm St")
        for app in apps:
            await app.until(lambda: len(app.named("rfi.changed")) > revision - 3)  # noqa: B023 # awaited here
        if all(paths_of(app)[-1] == ["address"] for app in apps):
            break

    assert [paths_of(app)[-1] for app in apps] == [["address"], ["address"]]
    seen = await apps[0].ok("join_rfi", {"rfi_id": private_rfi.rfi.id, "after_revision": 2})
    assert seen["rfi"]["visibility"] == "full"
    assert {change["path"] for step in seen["changes"] for change in step["changes"]} == {
        "state", "submitted_at", "expires_at", "address"
    }  # fmt: skip
