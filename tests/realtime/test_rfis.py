"""RFI feeds: who may follow one, from which revision, and what is pushed then."""

import asyncio
from dataclasses import dataclass

import pytest
import pytest_asyncio

import realtime.rfis
from marketplace.actions import rfis
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.rfis import Rfi
from marketplace.ids import new_id
from marketplace.ports import World
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.builders import a_match, rfi_content
from tests.realtime.apps import Person, a_person
from tests.realtime.conftest import Connect, Gateways


@dataclass(frozen=True, slots=True)
class Request:
    """An open RFI at revision 2, its customer, and a vendor it was offered to."""

    rfi: Rfi
    customer: Person
    vendor: Person
    world: World

    async def retitle(self, revision: int, title: str) -> None:
        """Revise the RFI from another process, as REST does."""
        actor = Actor(self.customer.id, Role.CUSTOMER)
        await rfis.revise(self.world, actor, self.rfi.id, revision, {"title": title})


@pytest_asyncio.fixture
async def request_(gateways: Gateways, store: MongoStore, settings: Settings) -> Request:
    """Draft and submit an RFI, and offer it."""
    customer = await a_person(store, settings)
    vendor = await a_person(store, settings, Role.VENDOR)
    world, actor = gateways[1].parts.world, Actor(customer.id, Role.CUSTOMER)
    drafted = await rfis.draft(world, actor, rfi_content())
    rfi = await rfis.submit(world, actor, drafted.id, 1)
    await store.matches.add(a_match(rfi_id=rfi.id, customer_id=customer.id, vendor_id=vendor.id))
    return Request(rfi, customer, vendor, world)


async def test_both_sides_follow_an_rfi_as_it_changes(
    gateways: Gateways, connect: Connect, request_: Request
) -> None:
    """Each change has its fields' old and new values, actor and cause; revisions are dense."""
    apps = [
        await connect(gateways[0], request_.customer),
        await connect(gateways[1], request_.vendor),
    ]
    for app in apps:
        snapshot = await app.ok("join_rfi", {"rfi_id": request_.rfi.id})
        assert (snapshot["revision"], snapshot["changes"]) == (2, [])
        assert snapshot["rfi"]["title"] == request_.rfi.title

    await request_.retitle(2, "Burst pipe")
    await request_.retitle(3, "Burst pipe, urgent")

    for app in apps:
        await app.until(lambda app=app: len(app.named("rfi.changed")) == 2)  # type: ignore[misc] # bound in the loop
        first, second = app.named("rfi.changed")
        assert (first["revision"], second["revision"]) == (3, 4)
        assert first["cause"] == "revised"
        assert second["changes"] == [
            {"path": "title", "old": "Burst pipe", "new": "Burst pipe, urgent"}
        ]


async def test_a_returning_app_gets_the_changes_it_missed(
    gateways: Gateways, connect: Connect, request_: Request
) -> None:
    """A returning app gets the changes after any revision, for the life of the RFI."""
    await request_.retitle(2, "Burst pipe")
    app = await connect(gateways[0], request_.vendor)

    snapshot = await app.ok("join_rfi", {"rfi_id": request_.rfi.id, "after_revision": 1})
    await request_.retitle(3, "Burst pipe, urgent")
    await app.until(lambda: bool(app.named("rfi.changed")))

    assert (snapshot["revision"], snapshot["is_snapshot"]) == (3, False)
    assert [change["revision"] for change in snapshot["changes"]] == [2, 3]
    assert [change["revision"] for change in app.named("rfi.changed")] == [4]


async def test_an_app_too_far_behind_gets_a_snapshot(
    gateways: Gateways,
    connect: Connect,
    request_: Request,
    store: MongoStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many changes, changes no longer stored, and an unknown revision all lead to a snapshot."""
    for revision in range(2, 6):
        await request_.retitle(revision, f"Title {revision}")
    app = await connect(gateways[0], request_.customer)

    async def joined(after: int | None) -> tuple[bool, list[int]]:
        payload = {"rfi_id": request_.rfi.id, "after_revision": after}
        answer = await app.ok("join_rfi", payload)
        assert answer["rfi"]["title"] == "Title 5"
        assert answer["revision"] == 6
        return answer["is_snapshot"], [change["revision"] for change in answer["changes"]]

    monkeypatch.setattr(realtime.rfis, "MAX_CHANGES", 3)
    assert await joined(3) == (False, [4, 5, 6])
    assert await joined(6) == (False, [])
    assert await joined(2) == (True, [])
    assert await joined(None) == (True, [])
    assert await joined(7) == (True, [])
    await store.database["rfi_revisions"].delete_one({"rfi_id": request_.rfi.id, "revision": 5})
    assert await joined(3) == (True, [])
    assert await joined(5) == (False, [6])


async def test_joining_during_changes_misses_and_duplicates_nothing(
    gateways: Gateways, connect: Connect, request_: Request
) -> None:
    """The answer and the pushes continue each other without a gap."""

    async def change() -> None:
        for revision in range(2, 32):
            await request_.retitle(revision, f"Title {revision}")

    changing = asyncio.create_task(change())
    joined = []
    for number in range(4):
        app = await connect(gateways[number % 2], request_.customer)
        answer = await app.ok("join_rfi", {"rfi_id": request_.rfi.id, "after_revision": 0})
        joined.append((app, answer))
    await changing

    for app, answer in joined:
        revisions = [change["revision"] for change in answer["changes"]]
        last = answer["revision"]
        await app.until(
            lambda app=app, last=last: last + len(app.named("rfi.changed")) >= 32  # type: ignore[misc] # bound in the loop
        )
        revisions += [change["revision"] for change in app.named("rfi.changed")]
        assert revisions == list(range(1, 33))


async def test_a_connection_that_left_receives_no_changes(
    gateways: Gateways, connect: Connect, request_: Request
) -> None:
    """After `leave_rfi` no changes are pushed."""
    customer = await connect(gateways[0], request_.customer)
    vendor = await connect(gateways[0], request_.vendor)
    for app in (customer, vendor):
        await app.ok("join_rfi", {"rfi_id": request_.rfi.id})

    await customer.ok("leave_rfi", {"rfi_id": request_.rfi.id})
    await request_.retitle(2, "Burst pipe")
    await vendor.until(lambda: bool(vendor.named("rfi.changed")))

    assert customer.named("rfi.changed") == []


async def test_another_accounts_rfi_is_not_found(
    gateways: Gateways,
    connect: Connect,
    request_: Request,
    store: MongoStore,
    settings: Settings,
) -> None:
    """An RFI of others gets the same answer as an unknown id, for customers and vendors."""
    for role in (Role.CUSTOMER, Role.VENDOR):
        stranger = await connect(gateways[0], await a_person(store, settings, role))
        for rfi_id in (request_.rfi.id, new_id()):
            assert await stranger.refused("join_rfi", {"rfi_id": rfi_id}) == "not_found"
