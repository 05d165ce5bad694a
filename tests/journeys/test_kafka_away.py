"""Kafka is down, or a process behind it is killed, while RFIs arrive: each is matched once."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.journeys import topics
from tests.journeys.people import Person, a_submitted_rfi, a_vendor, registered, somewhere
from tests.journeys.sandbox import subjects, texts
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

CONSUMERS = ("matching", "notify")
OFFER = "New request near you: "
AWAY_S = 20.0
RFIS = 24
SOME = 8
MAX_VENDORS = 2
VENDORS = 3  # more than an RFI may have
# Kafka waits for a killed member of a consumer group until its session ends, 10 s.
RECOVERED_S = 90.0


@dataclass
class Town:
    """A customer with many RFIs, and more vendors nearby than each of them may have."""

    site: Site
    place: dict[str, Any]
    customer: Person
    vendors: list[Person]
    rfis: list[dict[str, Any]] = field(default_factory=list)

    async def submit(self, count: int) -> None:
        """Submit RFIs with different titles, one after the other."""
        for _ in range(count):
            title = f"Sink number {len(self.rfis) + 1}."
            rfi = await a_submitted_rfi(
                self.customer, self.place, title=title, max_vendors=MAX_VENDORS
            )
            self.rfis.append(rfi)

    async def submit_until(self, stopping: asyncio.Event) -> None:
        """Submit RFIs until the event is set."""
        while not stopping.is_set():
            await self.submit(1)

    async def matches(self) -> list[dict[str, Any]]:
        """All matches on these RFIs."""
        ids = [rfi["id"] for rfi in self.rfis]
        return await self.site.documents("matches", "_id", rfi_id={"$in": ids})

    async def is_matched(self) -> None:
        """Wait until there are as many matches as allowed."""
        wanted = len(self.rfis) * MAX_VENDORS
        await eventually(self.matches, lambda found: len(found) >= wanted, RECOVERED_S)


async def a_town(site: Site, admin: Person) -> Town:
    """A town without RFIs."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendors = [await a_vendor(site, admin, f"Plumbing {n}", place) for n in range(VENDORS)]
    return Town(site, place, customer, vendors)


async def test_rfis_submitted_during_a_kafka_outage_are_matched_once(
    site: Site, admin: Person
) -> None:
    """RFIs can be submitted without Kafka; once it is back, each is matched and notified of once."""
    town = await a_town(site, admin)
    await site.stop("kafka")
    try:
        await asyncio.gather(asyncio.sleep(AWAY_S), town.submit(RFIS))
        assert await town.matches() == []
        for name in CONSUMERS:
            assert not await site.is_ready(name)
    finally:
        await site.start("kafka")

    for name in CONSUMERS:
        await site.is_back(name)
    await town.is_matched()

    await each_happened_once(town)


@pytest.mark.parametrize("name", ["matching", "relay"])
async def test_rfis_submitted_around_a_kill_are_matched_once(
    site: Site, admin: Person, name: str
) -> None:
    """`kill -9` in the middle of the work: another process takes over, and nothing happens twice."""
    town, stopping = await a_town(site, admin), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(town.submit_until(stopping))
        # Some are done, some are in flight, some are still to come.
        await eventually(town.matches)
        await site.kill(name)
        known = len(town.rfis)

        async def submitted_since() -> int:
            return len(town.rfis) - known

        await eventually(submitted_since, lambda count: count >= SOME)
        stopping.set()

    await town.is_matched()

    await each_happened_once(town)
    await site.is_back(name)


async def each_happened_once(town: Town) -> None:
    """Each RFI has one handling and vendors within its limit, each match one event and one email."""
    site, matches = town.site, await town.matches()
    of_rfi = Counter(match["rfi_id"] for match in matches)
    assert of_rfi == {rfi["id"]: MAX_VENDORS for rfi in town.rfis}
    assert len({(match["rfi_id"], match["vendor_id"]) for match in matches}) == len(matches)
    stored = await site.documents("rfis", "_id", _id={"$in": list(of_rfi)})
    assert {rfi["match_count"] for rfi in stored} == {MAX_VENDORS}
    vendors = await site.documents("vendors", "_id", _id={"$in": [v.id for v in town.vendors]})
    assert sum(vendor["open_matches"] for vendor in vendors) == len(matches)

    submitted = [
        event["id"]
        for event in await topics.events(site, of_rfi, "rfis")
        if event["name"] == "rfi.submitted"
    ]
    assert len(submitted) == len(town.rfis)
    marks = [f"matching:{event_id}" for event_id in submitted]
    assert len(await site.documents("handled_events", "_id", _id={"$in": marks})) == len(marks)
    offers = await eventually(
        lambda: topics.events(site, of_rfi, "matches"), lambda found: len(found) >= len(matches)
    )
    assert sorted(event["data"]["match"]["id"] for event in offers) == [
        match["_id"] for match in matches
    ]
    for vendor in town.vendors:
        await _was_notified_once_per_match(town, vendor)


async def _was_notified_once_per_match(town: Town, vendor: Person) -> None:
    """One email and one SMS for each match of the vendor, and no other about an offer."""
    titles = {rfi["id"]: rfi["title"] for rfi in town.rfis}
    mine = [
        titles[match["rfi_id"]] for match in await town.matches() if match["vendor_id"] == vendor.id
    ]

    async def deliveries_to_vendor() -> tuple[list[str], list[str]]:
        mails = await subjects(town.site, vendor.email)
        offers = [subject for subject in mails if subject.startswith(OFFER)]
        return offers, await texts(town.site, vendor.phone)

    mails, sms = await eventually(
        deliveries_to_vendor, lambda seen: min(map(len, seen)) >= len(mine), RECOVERED_S
    )
    assert sorted(mails) == sorted(f"{OFFER}{title}" for title in mine)
    assert sorted(title for text in sms for title in mine if f'"{title}"' in text) == sorted(mine)
    assert len(sms) == len(mine)
