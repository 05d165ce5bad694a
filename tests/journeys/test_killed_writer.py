"""A process is killed in the middle of a write: its locks are released before people notice."""

from tests.builders import NOW
from tests.journeys.app import connected
from tests.journeys.people import Person, a_submitted_rfi, a_vendor, registered, somewhere
from tests.journeys.site import Site


async def test_an_abandoned_transaction_does_not_block_the_next_writer(
    site: Site, admin: Person
) -> None:
    """An abandoned transaction is aborted while the next writer still waits."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendor = await a_vendor(site, admin, "Front Range Plumbing", place)
    async with connected(site, vendor) as app:
        await a_submitted_rfi(customer, place)
        offered = await app.pushed("match.offered")
    matches = site.parts.store.database["matches"]
    async with await matches.database.client.start_session() as killed:
        killed.start_transaction()
        seen = {"$set": {"updated_at": NOW}}
        await matches.update_one({"_id": offered["id"]}, seen, session=killed)

        # Neither committed nor aborted: to the server, the client is just silent.
        accepted = await vendor.post(f"/v1/matches/{offered['id']}/accept")

    assert accepted["state"] == "accepted"
    (stored,) = await site.documents("matches", "_id", _id=offered["id"])
    assert stored["updated_at"] < NOW
