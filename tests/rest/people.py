"""The people who act in the REST tests, and their places."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

from marketplace.actions.matches import match_rfi
from marketplace.bootstrap import Parts
from marketplace.domain.accounts import Actor, Role
from marketplace.ids import new_id
from marketplace.process import Process
from rest.app import App
from tests.builders import a_session, an_account

PASSWORD = "correct horse battery"
_PLACES = itertools.count()


@dataclass(frozen=True, slots=True)
class Rest:
    """The running service and a client for it."""

    app: App
    parts: Parts
    client: httpx.AsyncClient
    process: Process


@dataclass(frozen=True, slots=True)
class Person:
    """A person who is logged in; `get`, `post` … send their access token."""

    client: httpx.AsyncClient
    id: str
    email: str
    tokens: dict[str, Any]

    @property
    def bearer(self) -> dict[str, str]:
        """The header with the access token."""
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def ask(
        self, method: str, path: str, *, if_match: object = None, **given: Any
    ) -> httpx.Response:
        """Send a request; `if_match` is a revision."""
        headers = {**self.bearer, **given.pop("headers", {})}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        return await self.client.request(method, path, headers=headers, **given)

    async def get(self, path: str, **given: Any) -> httpx.Response:
        """GET."""
        return await self.ask("GET", path, **given)

    async def post(self, path: str, **given: Any) -> httpx.Response:
        """POST."""
        return await self.ask("POST", path, **given)

    async def patch(self, path: str, **given: Any) -> httpx.Response:
        """PATCH."""
        return await self.ask("PATCH", path, **given)


def an_email() -> str:
    """An email address that nobody has registered."""
    return f"{new_id()}@people.example"


def somewhere() -> dict[str, Any]:
    """A place so far from all others that no vendor's radius covers two of them."""
    n = next(_PLACES)
    return {"type": "Point", "coordinates": [-170.0 + 4 * (n % 85), -54.0 + 4 * (n // 85)]}


def a_registration(**named: Any) -> dict[str, Any]:
    """The body that registers a customer."""
    return {
        "role": "customer",
        "email": an_email(),
        "password": PASSWORD,
        "name": "Carla Reyes",
        **named,
    }


def a_draft(**named: Any) -> dict[str, Any]:
    """The body that drafts an RFI for a plumber."""
    return {
        "category": "plumbing",
        "title": "Leaking kitchen sink",
        "description": "The trap under the sink drips day and night.",
        "location": somewhere(),
        **named,
    }


def a_quote_of(rfi: dict[str, Any], **named: Any) -> dict[str, Any]:
    """The body of a 250-dollar quote on the RFI's current revision."""
    return {
        "rfi_revision": rfi["revision"],
        "amount_minor": 25_000,
        "currency": "USD",
        "message": "Parts and labour, tomorrow morning.",
        **named,
    }


async def registered(rest: Rest, **named: Any) -> Person:
    """A newly registered person."""
    body = a_registration(**named)
    response = await rest.client.post("/v1/accounts", json=body)
    assert response.status_code == 201, response.text
    tokens = response.json()
    return Person(rest.client, tokens["account"]["id"], body["email"], tokens)


async def an_admin(rest: Rest) -> Person:
    """An admin, added directly to the store because nobody can register as one."""
    account = an_account(role=Role.ADMIN)
    await rest.parts.store.accounts.add(account)
    session = a_session(account_id=account.id)
    await rest.parts.store.sessions.add(session)
    token = rest.parts.tokens.issue(account, session.id)
    return Person(rest.client, account.id, account.email, {"access_token": token})


async def an_active_vendor(rest: Rest, place: dict[str, Any], **profile: Any) -> Person:
    """A plumber at the place who has passed the whole onboarding."""
    vendor = await registered(rest, role="vendor", name="Vic Ortega")
    full = {
        "company": "Front Range Plumbing",
        "categories": ["plumbing"],
        "service_area": {"location": place, "radius_m": 20_000},
        "capacity": 5,
        **profile,
    }
    assert (await vendor.patch("/v1/vendors/me", json=full)).status_code == 200
    assert (await vendor.post("/v1/vendors/me/submit")).status_code == 200
    admin = await an_admin(rest)
    approved = await admin.post(
        f"/v1/admin/vendors/{vendor.id}/approve", json={"reason": "Papers are fine."}
    )
    assert approved.status_code == 200
    return vendor


@dataclass(frozen=True, slots=True)
class Story:
    """An open RFI with a vendor who has accepted it."""

    customer: Person
    vendor: Person
    rfi: dict[str, Any]
    match: dict[str, Any]

    @property
    def path(self) -> str:
        """The RFI's path."""
        return f"/v1/rfis/{self.rfi['id']}"

    @property
    def conversation_path(self) -> str:
        """The conversation's path."""
        return f"/v1/conversations/{self.match['conversation_id']}"


async def a_draft_of(customer: Person, **named: Any) -> dict[str, Any]:
    """The response body of a new draft."""
    response = await customer.post("/v1/rfis", json=a_draft(**named))
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def an_open_rfi(rest: Rest, customer: Person, **named: Any) -> dict[str, Any]:
    """A submitted RFI, matched as the matching process does it."""
    return await submitted(rest, customer, await a_draft_of(customer, **named))


async def submitted(rest: Rest, customer: Person, draft: dict[str, Any]) -> dict[str, Any]:
    """A draft, submitted unchanged and matched."""
    response = await customer.post(f"/v1/rfis/{draft['id']}/submit", if_match=draft["revision"])
    assert response.status_code == 200, response.text
    system = Actor("system", Role.SYSTEM)
    await match_rfi(rest.parts.world, system, "matching", new_id(), draft["id"])
    body: dict[str, Any] = response.json()
    return body


async def a_story(rest: Rest, **content: Any) -> Story:
    """An open RFI whose only vendor in reach has accepted."""
    place = somewhere()
    vendor = await an_active_vendor(rest, place)
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place, **content)
    return Story(customer, vendor, rfi, await accepted(vendor, rfi))


@dataclass(frozen=True, slots=True)
class Contest:
    """An open RFI on which several vendors have quoted; `quotes` are in their order."""

    customer: Person
    vendors: list[Person]
    rfi: dict[str, Any]
    quotes: list[dict[str, Any]]

    @property
    def path(self) -> str:
        """The RFI's path."""
        return f"/v1/rfis/{self.rfi['id']}"


async def a_contest(rest: Rest, vendor_count: int) -> Contest:
    """An open RFI that this many vendors have accepted and quoted on."""
    place = somewhere()
    vendors = [await an_active_vendor(rest, place) for _ in range(vendor_count)]
    customer = await registered(rest)
    rfi = await an_open_rfi(rest, customer, location=place)
    contest = Contest(customer, vendors, rfi, [])
    for vendor in vendors:
        await accepted(vendor, rfi)
        response = await vendor.post(f"{contest.path}/quotes", json=a_quote_of(rfi))
        contest.quotes.append(response.json())
    return contest


async def offered(vendor: Person, rfi: dict[str, Any]) -> dict[str, Any]:
    """The offer of the RFI to the vendor."""
    listed = (await vendor.get("/v1/matches", params={"state": "offered"})).json()["items"]
    match: dict[str, Any] = next(item for item in listed if item["rfi_id"] == rfi["id"])
    return match


async def accepted(vendor: Person, rfi: dict[str, Any]) -> dict[str, Any]:
    """The vendor's match on the RFI, accepted."""
    match = await offered(vendor, rfi)
    response = await vendor.post(f"/v1/matches/{match['id']}/accept")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def refusal(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem."""
    return response.status_code, response.json()["code"]


def paths_of(response: httpx.Response) -> list[str]:
    """The paths of the invalid values."""
    return sorted(error["path"] for error in response.json()["errors"])
