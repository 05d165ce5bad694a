"""Anyone who may no longer see an RFI leaves its room at once, on every gateway."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from marketplace.actions import matches, rfis, vendors
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.matches import Match
from marketplace.domain.rfis import Rfi
from marketplace.ports import World
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from realtime import memberships
from tests.builders import a_match, a_vendor, an_accepted_match, an_actor, rfi_content
from tests.realtime.apps import App, Person, Talk, a_person
from tests.realtime.conftest import Connect, Gateways
from tests.realtime.gateways import gateway


@dataclass(frozen=True, slots=True)
class OfferedRfi:
    """An open RFI at revision 2 and an active vendor it is offered to."""

    rfi: Rfi
    match: Match
    customer: Person
    vendor: Person
    world: World

    @property
    def room(self) -> str:
        """The RFI's room."""
        return f"rfi:{self.rfi.id}"

    async def join(self, app: App) -> dict[str, Any]:
        """Follow the RFI."""
        return await app.ok("join_rfi", {"rfi_id": self.rfi.id})

    async def decline(self) -> None:
        """Decline the offer from another process, as REST does."""
        actor = Actor(self.vendor.id, Role.VENDOR)
        await matches.decline(self.world, actor, self.match.id, None)

    async def suspend(self, decision: str = "suspend") -> None:
        """Suspend or reinstate the vendor."""
        admin = an_actor(Role.ADMIN)
        await vendors.decide(self.world, admin, self.vendor.id, decision, "Complaints.")

    async def retitle(self, revision: int, title: str) -> None:
        """Revise the RFI."""
        actor = Actor(self.customer.id, Role.CUSTOMER)
        await rfis.revise(self.world, actor, self.rfi.id, revision, {"title": title})


async def _offered_rfi(world: World, store: MongoStore, settings: Settings) -> OfferedRfi:
    customer = await a_person(store, settings)
    vendor = await a_person(store, settings, Role.VENDOR)
    await store.vendors.add(a_vendor(id=vendor.id, open_matches=1))
    actor = Actor(customer.id, Role.CUSTOMER)
    drafted = await rfis.draft(world, actor, rfi_content())
    rfi = await rfis.submit(world, actor, drafted.id, 1)
    match = a_match(rfi_id=rfi.id, customer_id=customer.id, vendor_id=vendor.id)
    await store.matches.add(match)
    await store.rfis.count_matches(rfi.id, 1)
    return OfferedRfi(rfi, match, customer, vendor, world)


@pytest_asyncio.fixture
async def offered(gateways: Gateways, store: MongoStore, settings: Settings) -> OfferedRfi:
    """An RFI offered to a vendor; changes come from the second gateway's process."""
    return await _offered_rfi(gateways[1].parts.world, store, settings)


async def test_a_vendor_that_declines_leaves_the_room_on_every_gateway(
    gateways: Gateways, connect: Connect, offered: OfferedRfi
) -> None:
    """A vendor that declines gets no more pushes and cannot join again; the customer stays."""
    apps = [await connect(gateway, offered.vendor) for gateway in gateways]
    customer = await connect(gateways[0], offered.customer)
    for app in (*apps, customer):
        await offered.join(app)

    await offered.decline()
    for app in apps:
        await app.until(lambda app=app: bool(app.named("room.left")), within_s=2)  # type: ignore[misc] # bound in the loop
    await offered.retitle(2, "Burst pipe")
    await customer.until(lambda: bool(customer.named("rfi.changed")))

    for app in apps:
        assert app.named("room.left") == [{"room": offered.room, "reason": "match_declined"}]
        assert await app.refused("join_rfi", {"rfi_id": offered.rfi.id}) == "not_found"
        assert app.named("rfi.changed") == []
    assert customer.named("room.left") == []


async def test_a_suspended_vendor_gets_no_pushes_and_cannot_write(
    gateways: Gateways, connect: Connect, offered: OfferedRfi, store: MongoStore, talk: Talk
) -> None:
    """On both gateways, a suspended vendor gets no RFI pushes and cannot write, but can read."""
    conversation = await _conversation_of(offered, store, talk)
    apps = [await connect(gateway, offered.vendor) for gateway in gateways]
    for number, app in enumerate(apps):
        await offered.join(app)
        await app.ok("send_message", conversation.says(f"before-{number}"))

    await offered.suspend()
    for app in apps:
        await app.until(lambda app=app: bool(app.named("room.left")), within_s=2)  # type: ignore[misc] # bound in the loop
        assert app.named("room.left") == [{"room": offered.room, "reason": "suspended"}]
        assert await app.refused("send_message", conversation.says("while")) == "forbidden"
        assert await app.refused("join_rfi", {"rfi_id": offered.rfi.id}) == "forbidden"
        found = await app.ok("fetch_entries", conversation.named(after_sequence=0))
        assert len(found["entries"]) == 2

    await offered.suspend("reinstate")
    await apps[0].ok("send_message", conversation.says("after"))
    await offered.join(apps[0])


async def _conversation_of(offered: OfferedRfi, store: MongoStore, talk: Talk) -> Talk:
    """Put the asked vendor into the talk's conversation."""
    collection = store.database["conversations"]
    await collection.update_one(
        {"_id": talk.id}, {"$set": {"participants.1.account_id": offered.vendor.id}}
    )
    found = await store.conversations.get(talk.id)
    assert found is not None
    return Talk(found, talk.customer, offered.vendor)


async def test_a_lost_announcement_only_delays_the_removal(
    connect: Connect,
    gateways: Gateways,
    store: MongoStore,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the announcement is lost, each gateway's periodic check of its vendors finds out."""
    monkeypatch.setattr(memberships, "CHECK_EVERY_S", 0.1)
    async with gateway(settings, "realtime-3") as one, gateway(settings, "realtime-4") as two:
        declining, suspended, staying = [
            await _offered_rfi(gateways[1].parts.world, store, settings) for _ in range(3)
        ]
        leaving = [
            (offered, await connect(to, offered.vendor))
            for offered in (declining, suspended)
            for to in (one, two)
        ]
        stays = await connect(one, staying.vendor)
        for offered, app in [*leaving, (staying, stays)]:
            await offered.join(app)

        await _silently(store, "matches", declining.match.id, "declined")
        await _silently(store, "vendors", suspended.vendor.id, "suspended")

        for _, app in leaving:
            await app.until(lambda app=app: bool(app.named("room.left")), within_s=5)  # type: ignore[misc] # bound in the loop
        reasons = [app.named("room.left")[0]["reason"] for _, app in leaving]
        assert reasons == ["match_declined"] * 2 + ["suspended"] * 2
        assert stays.named("room.left") == []


async def _silently(store: MongoStore, collection: str, of: str, state: str) -> None:
    """Change a state as a writer does that is killed before it announces."""
    await store.database[collection].update_one({"_id": of}, {"$set": {"state": state}})


async def test_a_vendor_on_the_rfi_to_its_end_hears_the_outcome(
    gateways: Gateways, connect: Connect, offered: OfferedRfi
) -> None:
    """A vendor that was on the RFI to the end stays in the feed, which then has no more pushes."""
    app = await connect(gateways[0], offered.vendor)
    await offered.join(app)

    actor = Actor(offered.customer.id, Role.CUSTOMER)
    await rfis.withdraw(offered.world, actor, offered.rfi.id, 2)
    await app.until(lambda: bool(app.named("rfi.changed")))
    again = await offered.join(app)

    assert again["rfi"]["state"] == "withdrawn"
    assert app.named("room.left") == []


async def test_declining_during_a_join_leaves_no_member(
    gateways: Gateways, connect: Connect, store: MongoStore, settings: Settings
) -> None:
    """A vendor that declines while joining is removed or refused, in either order."""
    for _ in range(10):
        offered = await _offered_rfi(gateways[1].parts.world, store, settings)
        app = await connect(gateways[0], offered.vendor)

        answer, _ = await asyncio.gather(
            app.call("join_rfi", {"rfi_id": offered.rfi.id}), offered.decline()
        )

        if answer["ok"]:
            await app.until(lambda app=app: bool(app.named("room.left")))  # type: ignore[misc] # bound in the loop
        else:
            assert answer["error"]["code"] == "not_found"


async def test_declining_one_rfi_keeps_the_others(
    gateways: Gateways, connect: Connect, offered: OfferedRfi, store: MongoStore, settings: Settings
) -> None:
    """A vendor on two RFIs that declines one still follows the other."""
    other = await _offered_rfi(offered.world, store, settings)
    await store.matches.add(
        an_accepted_match(
            rfi_id=other.rfi.id, customer_id=other.customer.id, vendor_id=offered.vendor.id
        )
    )
    app = await connect(gateways[0], offered.vendor)
    await offered.join(app)
    await other.join(app)

    await offered.decline()
    await app.until(lambda: bool(app.named("room.left")))
    await other.retitle(2, "Burst pipe")
    await app.until(lambda: bool(app.named("rfi.changed")))

    assert [change["rfi_id"] for change in app.named("rfi.changed")] == [other.rfi.id]
