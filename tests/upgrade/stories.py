"""An RFI from submission to award, in the middle of an update."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from marketplace.ids import new_id
from tests.journeys.people import Person, a_match, a_submitted_rfi, a_vendor, registered, somewhere
from tests.journeys.sandbox import subjects
from tests.journeys.site import Site
from tests.journeys.waiting import eventually
from tests.upgrade.mixed import Mixed

# How the subject of an offer begins, in both versions.
OFFER = "New request near you"


@dataclass(slots=True)
class Town:
    """A place with a customer and two vendors, and the RFIs submitted there."""

    site: Site
    mixed: Mixed
    customer: Person
    vendors: list[Person]
    place: dict[str, Any]
    rfi_ids: list[str] = field(default_factory=list)

    async def submit(self) -> None:
        """Submit an RFI through nginx; either version offers it to both vendors."""
        rfi = await a_submitted_rfi(self.customer, self.place, max_vendors=2)
        self.rfi_ids.append(rfi["id"])
        for vendor in self.vendors:
            await a_match(vendor, rfi)

    async def replace(self) -> None:
        """Let one vendor decline an RFI with one place: `matching` of this version asks the other."""
        rfi = await a_submitted_rfi(self.customer, self.place, max_vendors=1)
        self.rfi_ids.insert(0, rfi["id"])
        offers = await eventually(lambda: self._offers_of(rfi))
        for vendor in self.vendors:
            if vendor.id == offers[0]["vendor_id"]:
                await vendor.post(f"/v1/matches/{offers[0]['id']}/decline")
        for vendor in self.vendors:
            await a_match(vendor, rfi)

    async def award(self) -> None:
        """Take the newest RFI to its award; what the previous version lacks goes to this one."""
        rfi_id = self.rfi_ids[-1]
        quotes = [await self._quote(vendor, rfi_id) for vendor in self.vendors]
        rfi = await self.customer.get(f"/v1/rfis/{rfi_id}")
        award = {"quote_id": quotes[0]["id"], "quote_revision": 1}
        answer = await self._at_current(self.customer, rfi, award)
        assert answer["awarded_vendor_id"] == self.vendors[0].id

    async def _quote(self, vendor: Person, rfi_id: str) -> dict[str, Any]:
        match = await a_match(vendor, {"id": rfi_id})
        accepted = await vendor.post(f"/v1/matches/{match['id']}/accept")
        message = {"client_message_id": new_id(), "body": "We can come tomorrow."}
        conversation = f"/v1/conversations/{accepted['conversation_id']}"
        await vendor.post(f"{conversation}/messages", json=message)
        rfi = await vendor.get(f"/v1/rfis/{rfi_id}")
        quote = {
            "rfi_revision": rfi["revision"],
            "amount_minor": 25_000,
            "currency": "USD",
            "message": "Parts and labour.",
        }
        return await vendor.post(f"/v1/rfis/{rfi_id}/quotes", json=quote)

    async def _at_current(
        self, person: Person, rfi: dict[str, Any], award: dict[str, Any]
    ) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.mixed.current_rest(), trust_env=False) as http:
            answer = await http.post(
                f"/v1/rfis/{rfi['id']}/award",
                json=award,
                headers={
                    "Authorization": f"Bearer {person.token}",
                    "If-Match": f'"{rfi["revision"]}"',
                },
            )
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def check(self) -> None:
        """Check that every RFI was offered to each vendor once, with one email each."""
        for rfi_id in self.rfi_ids:
            matches = await self.site.documents("matches", "_id", rfi_id=rfi_id)
            assert sorted(match["vendor_id"] for match in matches) == sorted(
                vendor.id for vendor in self.vendors
            )
        for vendor in self.vendors:
            offers = await eventually(
                lambda vendor=vendor: self._offers(vendor),  # type: ignore[misc] # bound now
                lambda found: len(found) >= len(self.rfi_ids),
            )
            assert len(offers) == len(self.rfi_ids)

    async def _offers_of(self, rfi: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.customer.get(f"/v1/rfis/{rfi['id']}/matches")
        offers: list[dict[str, Any]] = answer["items"]
        return offers

    async def _offers(self, vendor: Person) -> list[str]:
        """The subjects of the emails with offers to the vendor."""
        return [
            subject
            for subject in await subjects(self.site, vendor.email)
            if subject.startswith(OFFER)
        ]


async def a_town(site: Site, mixed: Mixed, admin: Person) -> Town:
    """Create two vendors at a separate place, and a customer."""
    place = somewhere()
    vendors = [await a_vendor(site, admin, f"Plumber {number}", place) for number in range(2)]
    customer = await registered(site, "customer", "Carla Reyes")
    return Town(site, mixed, customer, vendors, place)
