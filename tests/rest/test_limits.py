"""Rate limits of log-ins and registrations."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from marketplace.errors import Code, ParleyError
from rest.limits import Limits, RateLimit, network_of
from tests.rest.people import Rest, a_registration, refusal


@dataclass
class Stopwatch:
    """A monotonic clock that a test moves."""

    at_s: float = 1_000.0

    def __call__(self) -> float:
        """The time it shows."""
        return self.at_s


@pytest_asyncio.fixture
async def strict(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stopwatch]:
    """The service's limits as they are unscaled, on a clock that stands still."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(rest.app.ctx.service, "limits", Limits(1.0, stopwatch))
    yield stopwatch


async def log_in(rest: Rest, email: str, address: str) -> httpx.Response:
    """An attempt with a wrong password, as our proxy passes it on."""
    return await rest.client.post(
        "/v1/tokens",
        json={"email": email, "password": "guess"},
        headers={"X-Forwarded-For": address},
    )


async def test_guessing_at_one_account(rest: Rest, strict: Stopwatch) -> None:
    """After ten attempts the account is closed for a while, from wherever they come."""
    email = "victim@people.example"

    tries = [await log_in(rest, email, f"203.0.113.{n}") for n in range(11)]
    strict.at_s += 6
    later = await log_in(rest, email.upper(), "203.0.113.99")

    assert [each.status_code for each in tries] == [401] * 10 + [429]
    assert refusal(tries[-1]) == (429, "rate_limited")
    assert tries[-1].headers["retry-after"] == "6"
    assert later.status_code == 401


async def test_guessing_at_many_accounts(rest: Rest, strict: Stopwatch) -> None:
    """An address has sixty attempts, whatever accounts it tries; another address has its own."""
    service = rest.app.ctx.service
    for n in range(59):
        service.limits.log_in("198.51.100.7", f"{n}@people.example")

    last = await log_in(rest, "a@people.example", "198.51.100.7")
    refused = await log_in(rest, "b@people.example", "198.51.100.7")
    other = await log_in(rest, "b@people.example", "198.51.100.8")

    assert last.status_code == 401
    assert refusal(refused) == (429, "rate_limited")
    assert other.status_code == 401


async def test_registering_in_bulk(rest: Rest, strict: Stopwatch) -> None:
    """An address registers thirty accounts, and then ten a minute."""
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


async def test_only_the_proxys_word_counts(rest: Rest, strict: Stopwatch) -> None:
    """What a client writes in front of the proxy's entry does not give it a new address."""
    for n in range(60):
        rest.app.ctx.service.limits.log_in("198.51.100.7", f"{n}@people.example")

    response = await log_in(rest, "a@people.example", "8.8.8.8, 198.51.100.7")

    assert refusal(response) == (429, "rate_limited")


def refusal_of(limit: RateLimit) -> ParleyError | None:
    """What taking one says, if anything."""
    try:
        limit.take("a")
    except ParleyError as error:
        return error
    return None


def test_a_bucket_fills_again() -> None:
    """So many at once, then one by one as time goes; never more than the burst."""
    stopwatch = Stopwatch()
    limit = RateLimit(3, 60, stopwatch)

    def taken(tries: int) -> int:
        refused = [error for _ in range(tries) if (error := refusal_of(limit)) is not None]
        assert {each.code for each in refused} <= {Code.RATE_LIMITED}
        assert all(0 < (each.retry_after_ms or 0) <= 1_000 for each in refused)
        return tries - len(refused)

    assert taken(5) == 3
    stopwatch.at_s += 2
    assert taken(5) == 2
    stopwatch.at_s += 1_000
    assert taken(5) == 3


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of addresses pushes the oldest out instead of filling the memory."""
    monkeypatch.setattr("rest.limits._MOST_BUCKETS", 3)
    limit = RateLimit(1, 1, Stopwatch())
    for key in "abcd":
        limit.take(key)

    limit.take("a")  # forgotten, so it is new
    with pytest.raises(ParleyError):
        limit.take("d")


def test_networks() -> None:
    """One person's IPv6 addresses count together."""
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("unix") == "unix"
