"""Rate limits: for all requests by address and account, for registrations also by email."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from rest.limits import Limits
from tests.builders import Stopwatch
from tests.rest.people import Person, Rest, a_registration, refusal, registered


@pytest_asyncio.fixture
async def strict(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stopwatch]:
    """The unscaled limits, on a clock that stands still."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(rest.app.ctx.service, "limits", Limits(1.0, stopwatch))
    yield stopwatch


async def test_registrations_of_an_address_are_limited(rest: Rest, strict: Stopwatch) -> None:
    """An address may register thirty accounts, and then ten a minute."""
    for n in range(30):
        rest.app.ctx.service.limits.register("198.51.100.7", f"{n}@people.example")

    async def register() -> httpx.Response:
        return await rest.client.post(
            "/v1/accounts", json=a_registration(), headers={"X-Forwarded-For": "198.51.100.7"}
        )

    refused = await register()
    strict.at_s += 6
    later = await register()

    assert refusal(refused) == (429, "rate_limited")
    assert later.status_code == 201


async def test_only_the_proxys_address_counts(rest: Rest, strict: Stopwatch) -> None:
    """A client cannot get a new address by adding entries before the proxy's."""
    for _ in range(500):
        rest.app.ctx.service.limits.request("198.51.100.7")

    response = await rest.client.get(
        "/v1/categories", headers={"X-Forwarded-For": "8.8.8.8, 198.51.100.7"}
    )

    assert refusal(response) == (429, "rate_limited")


async def test_requests_of_an_account_are_limited(rest: Rest, strict: Stopwatch) -> None:
    """An account has 150 requests at once, then 30 a second, from all addresses together."""
    greedy, other = await registered(rest), await registered(rest)
    strict.at_s += 60

    async def ask(person: Person, n: int) -> httpx.Response:
        return await person.get("/v1/me", headers={"X-Forwarded-For": f"203.0.113.{n}"})

    first = await ask(greedy, 0)
    for _ in range(149):
        rest.app.ctx.service.limits.account_request(greedy.id)
    refused = await ask(greedy, 1)
    unharmed = await ask(other, 2)
    strict.at_s += 0.04
    later = await ask(greedy, 3)

    assert first.status_code == 200
    assert refusal(refused) == (429, "rate_limited")
    assert refused.headers["retry-after"] == "1"
    assert unharmed.status_code == later.status_code == 200


async def test_requests_of_an_address_are_limited(rest: Rest, strict: Stopwatch) -> None:
    """An address has 500 requests at once, logged in or not; health checks do not count."""
    for _ in range(500):
        rest.app.ctx.service.limits.request("198.51.100.7")

    async def ask(path: str, address: str) -> int:
        response = await rest.client.get(path, headers={"X-Forwarded-For": address})
        return response.status_code

    assert await ask("/v1/categories", "198.51.100.7") == 429
    assert await ask("/v1/categories", "198.51.100.8") == 200
    assert await ask("/health/live", "198.51.100.7") == 200


async def test_a_search_counts_as_several_requests(rest: Rest, strict: Stopwatch) -> None:
    """A directory search counts as four requests, so an address may send 125 at once."""
    search = {"near": "0,0", "limit": "1"}
    address = {"X-Forwarded-For": "203.0.113.77"}
    for _ in range(124):
        rest.app.ctx.service.limits.request("203.0.113.77", 4)

    answers = [
        await rest.client.get("/v1/vendors", params=search, headers=address) for _ in range(2)
    ]

    assert answers[0].status_code == 200
    assert refusal(answers[1]) == (429, "rate_limited")
