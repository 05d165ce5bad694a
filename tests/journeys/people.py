"""The people of the journeys, over REST, and the places where they live."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

from marketplace.domain.accounts import Role
from marketplace.ids import new_id
from tests.builders import an_account
from tests.journeys.site import Site
from tests.journeys.waiting import eventually

PASSWORD = "correct horse battery"
_PLACES, _PHONES = itertools.count(), itertools.count()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody logged in; the methods send their access token and require a success."""

    http: httpx.AsyncClient
    id: str
    email: str
    phone: str | None
    token: str

    async def ask(
        self, method: str, path: str, *, if_match: int | None = None, **given: Any
    ) -> httpx.Response:
        """Send a request; `if_match` is a revision."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        return await self.http.request(method, path, headers=headers, **given)

    async def get(self, path: str, **given: Any) -> dict[str, Any]:
        """GET a path; returns the body."""
        return _answer(await self.ask("GET", path, **given))

    async def post(self, path: str, **given: Any) -> dict[str, Any]:
        """POST to a path; returns the body."""
        return _answer(await self.ask("POST", path, **given))

    async def patch(self, path: str, **given: Any) -> dict[str, Any]:
        """PATCH a path; returns the body."""
        return _answer(await self.ask("PATCH", path, **given))


def somewhere() -> dict[str, Any]:
    """A place so far from all earlier ones that no radius covers two of them."""
    number = next(_PLACES)
    longitude, latitude = -170.0 + 10 * (number % 34), -50.0 + 10 * (number // 34)
    return {"type": "Point", "coordinates": [longitude, latitude]}


def a_phone_number() -> str:
    """A number that nobody has: 555-0100 to 555-0199 are fictitious in every area code."""
    number = next(_PHONES)
    return f"+1{201 + number // 100}55501{number % 100:02}"


async def registered(site: Site, role: str, name: str) -> Person:
    """Register somebody new, with a separate email address and phone number."""
    account = {
        "role": role,
        "email": f"{new_id()}@people.example",
        "phone": a_phone_number(),
        "password": PASSWORD,
        "name": name,
    }
    tokens = _answer(await site.http.post("/v1/accounts", json=account))
    return _person(site, tokens)


async def logged_in(site: Site, email: str, password: str) -> Person:
    """Log in somebody who has an account."""
    tokens = await site.http.post("/v1/tokens", json={"email": email, "password": password})
    return _person(site, _answer(tokens))


async def an_admin(site: Site) -> Person:
    """Create an admin: nobody can register as one, so the account is put into the store."""
    password_hash = await site.parts.world.passwords.hash(PASSWORD)
    account = an_account(role=Role.ADMIN, password_hash=password_hash)
    await site.parts.store.accounts.add(account)
    return await logged_in(site, account.email, PASSWORD)


async def a_vendor(
    site: Site, admin: Person, company: str, place: dict[str, Any], **profile: Any
) -> Person:
    """Create a plumber at the place who has completed the whole onboarding."""
    vendor = await registered(site, "vendor", company)
    full = {
        "company": company,
        "categories": ["plumbing"],
        "service_area": {"location": place, "radius_m": 20_000},
        "capacity": 1_000,
        **profile,
    }
    await vendor.patch("/v1/vendors/me", json=full)
    assert (await vendor.post("/v1/vendors/me/submit"))["state"] == "in_review"
    reason = {"reason": "The papers are in order."}
    approved = await admin.post(f"/v1/admin/vendors/{vendor.id}/approve", json=reason)
    assert approved["state"] == "active"
    return vendor


async def a_draft(customer: Person, place: dict[str, Any], **content: Any) -> dict[str, Any]:
    """Draft an RFI for a plumber."""
    draft = {
        "category": "plumbing",
        "title": "Leaking kitchen sink",
        "description": "The trap under the sink drips day and night.",
        "location": place,
        "budget": {"min_minor": 10_000, "max_minor": 40_000, "currency": "USD"},
        **content,
    }
    return await customer.post("/v1/rfis", json=draft, headers={"Idempotency-Key": new_id()})


async def a_submitted_rfi(
    customer: Person, place: dict[str, Any], **content: Any
) -> dict[str, Any]:
    """Submit an RFI, so that it is open for matching."""
    draft = await a_draft(customer, place, **content)
    return await customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=draft["revision"])


async def a_match(vendor: Person, rfi: dict[str, Any]) -> dict[str, Any]:
    """Wait for the vendor's match on the RFI."""

    async def offered() -> list[dict[str, Any]]:
        matches = (await vendor.get("/v1/matches"))["items"]
        return [match for match in matches if match["rfi_id"] == rfi["id"]]

    return (await eventually(offered))[0]


async def a_conversation(
    site: Site, admin: Person, customer_name: str, company: str
) -> tuple[Person, Person, str]:
    """Create a customer, a vendor that accepted its RFI, and their conversation."""
    place = somewhere()
    customer = await registered(site, "customer", customer_name)
    vendor = await a_vendor(site, admin, company, place)
    match = await a_match(vendor, await a_submitted_rfi(customer, place))
    accepted = await vendor.post(f"/v1/matches/{match['id']}/accept")
    return customer, vendor, str(accepted["conversation_id"])


def _person(site: Site, tokens: dict[str, Any]) -> Person:
    account = tokens["account"]
    return Person(
        site.http, account["id"], account["email"], account["phone"], tokens["access_token"]
    )


def _answer(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, f"{response.request.url}: {response.text}"
    answer: dict[str, Any] = response.json()
    return answer
