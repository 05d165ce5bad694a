"""Logging in, refreshing and logging out."""

import asyncio
import secrets

import httpx
import pytest

from marketplace.refresh_tokens import hash_of
from tests.rest.people import PASSWORD, Rest, refusal, registered


async def test_a_log_in_returns_tokens(rest: Rest) -> None:
    """The email, in any case, and the password return tokens."""
    person = await registered(rest)

    response = await rest.client.post(
        "/v1/tokens", json={"email": person.email.upper(), "password": PASSWORD}
    )

    assert response.status_code == 200
    assert response.json()["account"]["id"] == person.id


async def test_a_wrong_password_and_a_wrong_address_get_the_same_refusal(rest: Rest) -> None:
    """A refusal does not reveal whether the account exists."""
    person = await registered(rest)

    wrong_password = await rest.client.post(
        "/v1/tokens", json={"email": person.email, "password": "not the password"}
    )
    wrong_email = await rest.client.post(
        "/v1/tokens", json={"email": "nobody@people.example", "password": PASSWORD}
    )

    refusals = [
        {k: v for k, v in response.json().items() if k != "request_id"}
        for response in (wrong_password, wrong_email)
    ]
    assert refusal(wrong_password) == (401, "unauthenticated")
    assert refusals[0] == refusals[1]
    assert wrong_password.headers["www-authenticate"] == 'Bearer realm="parley"'


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["a"], None, 1, True])
@pytest.mark.parametrize("field", ["email", "password"])
async def test_operators_are_not_credentials(rest: Rest, field: str, value: object) -> None:
    """A query operator in place of a string has the wrong type, and reaches no query."""
    body = {"email": "someone@people.example", "password": PASSWORD, field: value}

    response = await rest.client.post("/v1/tokens", json=body)

    assert refusal(response) == (422, "validation_failed")


async def test_a_refreshed_token_can_be_refreshed(rest: Rest) -> None:
    """A refresh token returns new tokens, and the new refresh token works too."""
    person = await registered(rest)
    token = person.tokens["refresh_token"]

    for _ in range(3):
        response = await rest.client.post("/v1/tokens/refresh", json={"refresh_token": token})
        assert response.status_code == 200
        assert response.json()["refresh_token"] != token
        token = response.json()["refresh_token"]


async def refreshed(rest: Rest, token: str) -> httpx.Response:
    """The response to a refresh with this token."""
    return await rest.client.post("/v1/tokens/refresh", json={"refresh_token": token})


async def test_a_repeated_refresh_gets_the_same_successor(rest: Rest) -> None:
    """The same token gets the same successor, which works, so a duplicated tab stays logged in."""
    person = await registered(rest)
    first = await refreshed(rest, person.tokens["refresh_token"])

    again = await refreshed(rest, person.tokens["refresh_token"])
    then = await refreshed(rest, again.json()["refresh_token"])

    assert again.status_code == then.status_code == 200
    assert again.json()["refresh_token"] == first.json()["refresh_token"]


async def test_a_stale_refresh_token_ends_the_session(rest: Rest) -> None:
    """When a token from two refreshes ago is used, neither copy works any more."""
    person = await registered(rest)
    oldest = person.tokens["refresh_token"]
    second = (await refreshed(rest, oldest)).json()["refresh_token"]
    third = (await refreshed(rest, second)).json()["refresh_token"]

    stolen = await refreshed(rest, oldest)
    after_it = await refreshed(rest, third)

    assert refusal(stolen) == (401, "unauthenticated")
    assert refusal(after_it) == (401, "unauthenticated")


async def test_concurrent_refreshes_get_one_successor(rest: Rest) -> None:
    """Tabs that refresh concurrently all stay logged in, with one refresh token."""
    person = await registered(rest)

    responses = await asyncio.gather(
        *(refreshed(rest, person.tokens["refresh_token"]) for _ in range(10))
    )

    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["refresh_token"] for response in responses}) == 1


@pytest.mark.parametrize("garbage", ["", ".", ".garbage", ".garbage.garbage", "\n.x.y"])
async def test_a_forged_token_of_a_known_session_ends_nothing(rest: Rest, garbage: str) -> None:
    """A session id, which access tokens contain, is not enough to log its owner out."""
    person = await registered(rest)
    session_id = person.tokens["refresh_token"].partition(".")[0]

    refused = await refreshed(rest, session_id + garbage)

    assert refusal(refused) == (401, "unauthenticated")
    assert (await refreshed(rest, person.tokens["refresh_token"])).status_code == 200


async def test_a_session_of_version_0_1_can_refresh(rest: Rest) -> None:
    """A session with a two-part token of version 0.1 can refresh after an upgrade."""
    person = await registered(rest)
    session_id = person.tokens["refresh_token"].partition(".")[0]
    old = f"{session_id}.{secrets.token_urlsafe(32)}"
    await rest.parts.store.database["sessions"].update_one(
        {"_id": session_id}, {"$set": {"refresh_token_hash": hash_of(old)}}
    )

    first, again = await refreshed(rest, old), await refreshed(rest, old)

    assert first.status_code == again.status_code == 200
    assert first.json()["refresh_token"] == again.json()["refresh_token"]


@pytest.mark.parametrize("token", ["", ".", "..", "nobody.x", "x" * 200, "a.b.c", "é.ü.ß"])
async def test_an_invalid_refresh_token_is_refused(rest: Rest, token: str) -> None:
    """Anything that was not issued is refused."""
    response = await rest.client.post("/v1/tokens/refresh", json={"refresh_token": token})

    assert refusal(response) == (401, "unauthenticated")


async def test_a_refresh_token_is_refused_after_the_log_out(rest: Rest) -> None:
    """After a log-out, the refresh token is refused, and other sessions continue."""
    person = await registered(rest)
    other = await rest.client.post("/v1/tokens", json={"email": person.email, "password": PASSWORD})

    response = await person.ask("DELETE", "/v1/tokens")

    def body(tokens: dict[str, str]) -> dict[str, str]:
        return {"refresh_token": tokens["refresh_token"]}

    ended = await rest.client.post("/v1/tokens/refresh", json=body(person.tokens))
    going_on = await rest.client.post("/v1/tokens/refresh", json=body(other.json()))
    assert response.status_code == 204
    assert refusal(ended) == (401, "unauthenticated")
    assert going_on.status_code == 200
