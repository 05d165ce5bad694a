"""Kafka is away, or a process behind it is killed, while RFIs come in: each is matched once."""

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
AWAY_S = 20.0
RFIS = 24
SOME = 8
MAX_VENDORS = 2
VENDORS = 3  # more than an RFI may have
# A killed member of a consumer group is waited for until its session ends, 10 s.
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
        """Submit RFIs with titles of their own, one after the other."""
        for _ in range(count):
            title = f"Sink number {len(self.rfis) + 1}."
            rfi = await a_submitted_rfi(
                self.customer, self.place, title=title, max_vendors=MAX_VENDORS
            )
            self.rfis.append(rfi)

    async def submit_until(self, stopping: asyncio.Event) -> None:
        """Go on submitting until told to stop."""
        while not stopping.is_set():
            await self.submit(1)

    async def matches(self) -> list[dict[str, Any]]:
        """All matches on these RFIs."""
        ids = [each["id"] for each in self.rfis]
        return await self.site.documents("matches", "_id", rfi_id={"$in": ids})

    async def is_matched(self) -> None:
        """Wait until there are as many matches as there may be."""
        wanted = len(self.rfis) * MAX_VENDORS
        await eventually(self.matches, lambda found: len(found) >= wanted, RECOVERED_S)


async def a_town(site: Site, admin: Person) -> Town:
    """A town without an RFI yet."""
    place = somewhere()
    customer = await registered(site, "customer", "Carla Reyes")
    vendors = [await a_vendor(site, admin, f"Plumbing {n}", place) for n in range(VENDORS)]
    return Town(site, place, customer, vendors)


async def test_rfis_submitted_while_kafka_is_away_are_matched_once(
    site: Site, admin: Person
) -> None:
    """Submitting works without Kafka, and the consumers say that it is away; when it is back, each
    RFI is matched and told of once."""
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
    """`kill -9` in the middle of the work: another goes on, and nothing happens twice."""
    town, stopping = await a_town(site, admin), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(town.submit_until(stopping))
        # Some are done, some are on their way, some are still to come.
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
    """One handling for each RFI, its vendors within the limit, one event and mail for each match."""
    site, matches = town.site, await town.matches()
    of_rfi = Counter(each["rfi_id"] for each in matches)
    assert of_rfi == {each["id"]: MAX_VENDORS for each in town.rfis}
    assert len({(each["rfi_id"], each["vendor_id"]) for each in matches}) == len(matches)
    stored = await site.documents("rfis", "_id", _id={"$in": list(of_rfi)})
    assert {each["match_count"] for each in stored} == {MAX_VENDORS}
    vendors = await site.documents("vendors", "_id", _id={"$in": [v.id for v in town.vendors]})
    assert sum(each["open_matches"] for each in vendors) == len(matches)

    submitted = [
        each["id"]
        for each in await topics.events(site, of_rfi, "rfis")
        if each["name"] == "rfi.submitted"
    ]
    assert len(submitted) == len(town.rfis)
    marks = [f"matching:{each}" for each in submitted]
    assert len(await site.documents("handled_events", "_id", _id={"$in": marks})) == len(marks)
    offers = await eventually(
        lambda: topics.events(site, of_rfi, "matches"), lambda found: len(found) >= len(matches)
    )
    assert sorted(each["data"]["match"]["id"] for each in offers) == [
        each["_id"] for each in matches
    ]
    for vendor in town.vendors:
        await _was_told_once_of_each(town, vendor)


async def _was_told_once_of_each(town: Town, vendor: Person) -> None:
    """One email and one SMS for each match of the vendor, and no other."""
    titles = {each["id"]: each["title"] for each in town.rfis}
    mine = [
        titles[each["rfi_id"]] for each in await town.matches() if each["vendor_id"] == vendor.id
    ]

    async def told() -> tuple[list[str], list[str]]:
        return await subjects(town.site, vendor.email), await texts(town.site, vendor.phone)

    mails, sms = await eventually(told, lambda seen: min(map(len, seen)) >= len(mine), RECOVERED_S)
    assert sorted(mails) == sorted(f"New request near you: {title}" for title in mine)
    assert sorted(title for text in sms for title in mine if f'"{title}"' in text) == sorted(mine)
    assert len(sms) == len(mine)
