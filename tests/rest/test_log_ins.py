"""Log-in attempts: guessing is slow, and locks nobody out."""

import asyncio

import httpx
import pytest

from marketplace.domain.accounts import Account
from marketplace.errors import Code, ParleyError
from rest.log_ins import LONGEST_DELAY_S, MAX_DELAYED, LogIns
from tests.builders import Stopwatch, an_account
from tests.rest.people import PASSWORD, Rest, an_email, refusal, registered

GUESS = "guess"
HOME, OFFICE, ATTACKER = "192.0.2.1", "198.51.100.7", "203.0.113.9"


class Delays:
    """Replaces `asyncio.sleep`: records each delay and returns at once."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    async def __call__(self, delay_s: float) -> None:
        """Record the delay."""
        self.slept_s.append(delay_s)


@pytest.fixture
def delays() -> Delays:
    """An empty record of delays."""
    return Delays()


@pytest.fixture
def stopwatch(rest: Rest, delays: Delays, monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """The service with the default limits, on a clock that a test advances."""
    stopwatch = Stopwatch()
    monkeypatch.setattr(rest.app.ctx.service, "log_ins", LogIns(1.0, stopwatch, delays))
    return stopwatch


async def log_in(rest: Rest, email: str, address: str, password: str = GUESS) -> httpx.Response:
    """An attempt from this address, as the proxy forwards it."""
    return await rest.client.post(
        "/v1/tokens",
        json={"email": email, "password": password},
        headers={"X-Forwarded-For": address},
    )


async def test_guessing_does_not_lock_the_owner_out(rest: Rest, stopwatch: Stopwatch) -> None:
    """While others guess from thirty addresses, the owner logs in from home at once."""
    owner = await registered(rest)

    guesses = await asyncio.gather(
        *(log_in(rest, owner.email, f"203.0.113.{n}") for n in range(30))
    )
    response = await log_in(rest, owner.email, HOME, PASSWORD)

    assert {response.status_code for response in guesses} == {401}
    assert response.status_code == 200


async def test_guesses_from_one_address_are_limited(rest: Rest, stopwatch: Stopwatch) -> None:
    """After ten wrong passwords for one email, an address may try again in six seconds."""
    email = an_email()

    tries = [await log_in(rest, email, ATTACKER) for _ in range(11)]
    upper_case = await log_in(rest, email.upper(), ATTACKER)
    elsewhere = await log_in(rest, email, HOME)
    stopwatch.at_s += 6
    later = await log_in(rest, email, ATTACKER)

    assert [response.status_code for response in tries] == [401] * 10 + [429]
    assert refusal(tries[-1]) == (429, "rate_limited")
    assert tries[-1].headers["retry-after"] == "6"
    assert refusal(upper_case) == (429, "rate_limited")
    assert elsewhere.status_code == later.status_code == 401


async def test_concurrent_attempts_count(rest: Rest, stopwatch: Stopwatch) -> None:
    """Parallel guesses are limited exactly like sequential ones."""
    email = an_email()

    guesses = await asyncio.gather(*(log_in(rest, email, ATTACKER) for _ in range(30)))

    assert sorted(response.status_code for response in guesses) == [401] * 10 + [429] * 20


async def test_failures_for_one_email_delay_the_next_refusal(
    rest: Rest, stopwatch: Stopwatch, delays: Delays
) -> None:
    """From the eleventh wrong password on, each refusal takes a second longer, at most five."""
    email = an_email()

    for n in range(18):
        await log_in(rest, email, f"203.0.113.{n}")
    at_first = [round(delay_s) for delay_s in delays.slept_s]
    stopwatch.at_s += 60
    await log_in(rest, email, HOME)

    assert at_first == [1, 2, 3, 4, 5, 5, 5, 5]
    assert len(delays.slept_s) == 8
    assert max(delays.slept_s) == LONGEST_DELAY_S


async def test_right_passwords_do_not_count(rest: Rest, stopwatch: Stopwatch) -> None:
    """A hundred people in an office can log in from one address at once."""
    person = await registered(rest)

    responses = [await log_in(rest, person.email, OFFICE, PASSWORD) for _ in range(100)]

    assert {response.status_code for response in responses} == {200}


async def test_guesses_at_many_accounts_are_limited(rest: Rest, stopwatch: Stopwatch) -> None:
    """An address may send sixty wrong passwords for any accounts; others are unaffected."""
    guesses = [await log_in(rest, an_email(), ATTACKER) for _ in range(61)]
    other = await log_in(rest, an_email(), HOME)

    assert [response.status_code for response in guesses] == [401] * 60 + [429]
    assert other.status_code == 401


async def test_a_forged_forwarded_for_is_ignored(rest: Rest, stopwatch: Stopwatch) -> None:
    """Only the proxy's entry in X-Forwarded-For counts."""
    email = an_email()

    guesses = [await log_in(rest, email, f"8.8.8.{n}, {ATTACKER}") for n in range(11)]

    assert guesses[-1].status_code == 429


async def test_delayed_answers_are_bounded() -> None:
    """Beyond 500 delayed answers, a failure is refused at once and told to wait."""
    released = asyncio.Event()

    async def sleep(delay_s: float) -> None:
        await released.wait()

    log_ins = LogIns(1.0, Stopwatch(), sleep)

    async def wrong() -> None:
        raise ParleyError(Code.UNAUTHENTICATED, "wrong")

    async def guess(n: int) -> Code:
        with pytest.raises(ParleyError) as caught:
            await log_ins.attempt(f"10.0.{n // 250}.{n % 250}", "a@people.example", wrong)
        return caught.value.code

    guesses = [asyncio.create_task(guess(n)) for n in range(10 + MAX_DELAYED + 5)]
    for _ in range(5):
        await asyncio.sleep(0)
    refused_at_once = [task.result() for task in guesses if task.done()]
    released.set()
    await asyncio.gather(*guesses)

    assert refused_at_once.count(Code.UNAUTHENTICATED) == 10
    assert refused_at_once.count(Code.RATE_LIMITED) == 5


async def test_an_attempt_without_an_outcome_does_not_count() -> None:
    """An attempt without an outcome, since the store is away or the client left, does not count."""
    log_ins = LogIns(1.0, Stopwatch(), Delays())

    async def away() -> None:
        raise ParleyError(Code.UNAVAILABLE, "away")

    async def right() -> Account:
        return an_account()

    for _ in range(100):
        with pytest.raises(ParleyError):
            await log_ins.attempt(HOME, "a@people.example", away)

    assert await log_ins.attempt(HOME, "a@people.example", right)
