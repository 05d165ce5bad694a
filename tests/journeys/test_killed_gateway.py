"""A gateway is killed while people talk, and then the other: nothing acknowledged is lost."""

import asyncio

from tests.journeys import topics
from tests.journeys.app import connected
from tests.journeys.history import History
from tests.journeys.people import Person, a_submitted_rfi, a_vendor, registered, somewhere
from tests.journeys.site import GATEWAYS, Site
from tests.journeys.talker import Talker, talking
from tests.journeys.waiting import eventually

# The killed gateway stays away until everybody must have found the other one.
DOWN_S = 5.0
A_WHILE = 100  # messages


async def a_conversation(site: Site, admin: Person) -> tuple[Person, Person, str]:
    """A customer, a vendor and the conversation that they have begun."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendor = await a_vendor(site, admin, "Front Range Plumbing", place)
    async with connected(site, vendor) as app:
        rfi = await a_submitted_rfi(customer, place)
        offered = await app.pushed("match.offered", rfi_id=rfi["id"])
    accepted = await vendor.post(f"/v1/matches/{offered['id']}/accept")
    return customer, vendor, accepted["conversation_id"]


def other_than(gateway: str | None) -> str:
    """The gateway that is left."""
    return next(each for each in GATEWAYS if each != gateway)


async def test_nothing_acknowledged_is_lost_when_gateways_are_killed(
    site: Site, admin: Person
) -> None:
    """Through two kills both see every acknowledged message once, in one order, as it is stored."""
    customer, vendor, conversation_id = await a_conversation(site, admin)
    history, stopping = History(), asyncio.Event()
    async with (
        talking(site, customer, conversation_id, history) as one,
        talking(site, vendor, conversation_id, history) as two,
    ):
        await asyncio.gather(*(each.is_joined() for each in (one, two)))
        assert one.joined_on != two.joined_on, "nginx gives new connections to each in turn"
        async with asyncio.TaskGroup() as group:
            group.create_task(one.talk(stopping))
            group.create_task(two.talk(stopping))
            first = one.joined_on
            await kill_under(site, str(first), one, two)
            await site.is_back(str(first))
            await kill_under(site, other_than(first), one, two)
            stopping.set()

        stored = await site.documents("entries", "sequence", conversation_id=conversation_id)
        await asyncio.gather(*(each.has_seen(len(stored)) for each in (one, two)))

    assert history.faults(stored, [customer.id, vendor.id]) == []
    assert history.acknowledged_count() > 3 * A_WHILE
    await site.is_back(other_than(first))
    await kafka_holds(site, conversation_id, [each["_id"] for each in stored])


async def kill_under(site: Site, gateway: str, *talkers: Talker) -> None:
    """Kill a gateway in the middle of the talk, and see everybody talk on by way of the other."""
    await talkers[0].acknowledged(more=A_WHILE)
    await site.kill(gateway, hold_s=DOWN_S)
    for talker in talkers:
        await talker.is_on(other_than(gateway))
    assert site.running.pid(gateway) is None
    await talkers[0].acknowledged(more=A_WHILE)


async def kafka_holds(site: Site, conversation_id: str, ids: list[str]) -> None:
    """The topic has the same entries in the same order."""

    async def relayed() -> list[str]:
        found = await topics.events(site, {conversation_id}, "conversations")
        return [each["id"] for each in found if each["name"] != "conversation.started"]

    assert await eventually(relayed, lambda seen: len(seen) >= len(ids)) == ids
