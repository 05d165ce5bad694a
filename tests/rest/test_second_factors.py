"""Logging in with a second factor."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest

from tests.rest.mail import changes
from tests.rest.people import (
    PASSWORD,
    Person,
    Rest,
    a_registration,
    paths_of,
    refusal,
    registered,
)


def code_of(secret: str, steps: int = 0) -> str:
    """The code that an app shows, so many steps from now."""
    return pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=steps)


async def turned_on(person: Person) -> tuple[str, list[str]]:
    """Set a factor up with the code of the step before, so that the current one is unused."""
    begun = await person.post("/v1/me/totp")
    assert begun.status_code == 201, begun.text
    secret: str = begun.json()["secret"]
    response = await person.post("/v1/me/totp/confirm", json={"code": code_of(secret, -1)})
    assert response.status_code == 200, response.text
    codes: list[str] = response.json()["recovery_codes"]
    return secret, codes


async def log_in(rest: Rest, person: Person, **more: Any) -> httpx.Response:
    """A log-in with the correct password."""
    body = {"email": person.email, "password": PASSWORD, **more}
    return await rest.client.post("/v1/tokens", json=body)


async def test_a_log_in_then_needs_the_code(rest: Rest) -> None:
    """The password alone gets a code of its own, so that an app knows to ask."""
    person = await registered(rest)
    secret, _ = await turned_on(person)

    without, wrong = await log_in(rest, person), await log_in(rest, person, totp="000000")
    response = await log_in(rest, person, totp=code_of(secret))

    assert refusal(without) == (401, "second_factor_required")
    assert paths_of(without) == ["totp"]
    assert refusal(wrong) == (422, "invalid_code")
    assert response.status_code == 200
    assert response.json()["account"]["has_second_factor"] is True


async def test_a_repeated_registration_is_no_way_around_the_factor(rest: Rest) -> None:
    """The stored response of the registration logs in only while the password alone does."""
    headers, body = {"Idempotency-Key": "register-1"}, a_registration()
    first = await rest.client.post("/v1/accounts", json=body, headers=headers)
    assert first.status_code == 201
    tokens = first.json()
    person = Person(rest.client, tokens["account"]["id"], body["email"], tokens)
    assert (await rest.client.post("/v1/accounts", json=body, headers=headers)).status_code == 201
    await turned_on(person)

    response = await rest.client.post("/v1/accounts", json=body, headers=headers)

    assert refusal(response) == (401, "unauthenticated")


async def test_a_wrong_password_never_reveals_the_factor(rest: Rest) -> None:
    """Whoever does not know the password gets the refusal of any account."""
    person = await registered(rest)
    secret, _ = await turned_on(person)

    response = await log_in(rest, person, password="guess", totp=code_of(secret))

    assert refusal(response) == (401, "unauthenticated")


async def test_a_code_logs_in_once(rest: Rest) -> None:
    """Of many who use one code at once, one is let in; afterwards nobody is."""
    person = await registered(rest)
    secret, _ = await turned_on(person)
    code = code_of(secret)

    responses = await asyncio.gather(*(log_in(rest, person, totp=code) for _ in range(8)))

    statuses = sorted(response.status_code for response in responses)
    assert statuses == [200] + [422] * 7
    assert refusal(await log_in(rest, person, totp=code)) == (422, "invalid_code")


async def test_a_recovery_code_logs_in_once_and_is_told(rest: Rest) -> None:
    """A lost phone locks nobody out."""
    person = await registered(rest)
    _, codes = await turned_on(person)

    assert (await log_in(rest, person, totp=codes[0])).status_code == 200
    assert refusal(await log_in(rest, person, totp=codes[0])) == (422, "invalid_code")
    assert (await changes(rest, person.id))[0] == "recovery_code_used"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/me/totp"), ("DELETE", "/v1/me/totp"), ("GET", "/v1/me/export"),
     ("DELETE", "/v1/me")],
)  # fmt: skip
async def test_dangerous_changes_need_a_recent_password(rest: Rest, method: str, path: str) -> None:
    """A log-in of an hour ago is refused until its owner confirms who they are."""
    person = await registered(rest)
    await _age(rest, person)

    refused = await person.ask(method, path)
    for body in ({}, {"password": "guess"}):
        assert (await person.post("/v1/me/step-up", json=body)).status_code in {403, 422}
    still = await person.ask(method, path)
    proven = await person.post("/v1/me/step-up", json={"password": PASSWORD})
    allowed = await person.ask(method, path)

    assert refusal(refused) == refusal(still) == (403, "step_up_required")
    assert proven.status_code == 204
    assert allowed.status_code < 300


async def test_with_a_factor_a_step_up_needs_its_code(rest: Rest) -> None:
    """The password alone does not turn the factor off."""
    person = await registered(rest)
    secret, _ = await turned_on(person)
    await _age(rest, person)

    by_password = await person.post("/v1/me/step-up", json={"password": PASSWORD})
    by_code = await person.post("/v1/me/step-up", json={"totp": code_of(secret)})

    assert refusal(by_password) == (401, "second_factor_required")
    assert by_code.status_code == 204
    assert (await person.ask("DELETE", "/v1/me/totp")).status_code == 204
    assert (await log_in(rest, person)).status_code == 200


async def test_the_database_has_neither_the_secret_nor_a_recovery_code(rest: Rest) -> None:
    """A copy of it is worth nothing without the deployment's secret."""
    person = await registered(rest)
    secret, codes = await turned_on(person)

    kept = str(await rest.parts.store.database["second_factors"].find_one({"_id": person.id}))

    assert secret not in kept
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


async def _age(rest: Rest, person: Person) -> None:
    """Make the person's log-in an hour old."""
    earlier = datetime.now(UTC) - timedelta(hours=1)
    await rest.parts.store.database["sessions"].update_many(
        {"account_id": person.id}, {"$set": {"authenticated_at": earlier, "created_at": earlier}}
    )
