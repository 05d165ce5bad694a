"""Log in, refresh, log out."""

import asyncio

import pytest

from tests.rest.people import PASSWORD, Rest, refusal, registered


async def test_log_in(rest: Rest) -> None:
    """The address, in whatever case, and the password give tokens."""
    person = await registered(rest)

    response = await rest.client.post(
        "/v1/tokens", json={"email": person.email.upper(), "password": PASSWORD}
    )

    assert response.status_code == 200
    assert response.json()["account"]["id"] == person.id


async def test_a_wrong_password_and_a_wrong_address_look_the_same(rest: Rest) -> None:
    """A refusal does not tell whether there is such an account."""
    person = await registered(rest)

    wrong_password = await rest.client.post(
        "/v1/tokens", json={"email": person.email, "password": "not the password"}
    )
    wrong_email = await rest.client.post(
        "/v1/tokens", json={"email": "nobody@people.example", "password": PASSWORD}
    )

    told = [
        {k: v for k, v in each.json().items() if k != "request_id"}
        for each in (wrong_password, wrong_email)
    ]
    assert refusal(wrong_password) == (401, "unauthenticated")
    assert told[0] == told[1]
    assert wrong_password.headers["www-authenticate"] == 'Bearer realm="parley"'


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["a"], None, 1, True])
@pytest.mark.parametrize("field", ["email", "password"])
async def test_operators_are_no_credentials(rest: Rest, field: str, value: object) -> None:
    """A query operator in place of a text is a wrong type, and reaches no query."""
    body = {"email": "someone@people.example", "password": PASSWORD, field: value}

    response = await rest.client.post("/v1/tokens", json=body)

    assert refusal(response) == (422, "validation_failed")


async def test_refreshing_goes_on(rest: Rest) -> None:
    """A refresh token gives new tokens, of which the next one works as well."""
    person = await registered(rest)
    token = person.tokens["refresh_token"]

    for _ in range(3):
        response = await rest.client.post("/v1/tokens/refresh", json={"refresh_token": token})
        assert response.status_code == 200
        assert response.json()["refresh_token"] != token
        token = response.json()["refresh_token"]


async def test_a_refresh_token_used_twice_ends_the_log_in(rest: Rest) -> None:
    """When an old refresh token comes back, neither copy works any more."""
    person = await registered(rest)
    old = {"refresh_token": person.tokens["refresh_token"]}
    new = (await rest.client.post("/v1/tokens/refresh", json=old)).json()["refresh_token"]

    again = await rest.client.post("/v1/tokens/refresh", json=old)
    then = await rest.client.post("/v1/tokens/refresh", json={"refresh_token": new})

    assert refusal(again) == (401, "unauthenticated")
    assert refusal(then) == (401, "unauthenticated")


async def test_of_two_refreshes_at_once_one_wins(rest: Rest) -> None:
    """A token raced by two callers is exchanged once at most."""
    person = await registered(rest)
    body = {"refresh_token": person.tokens["refresh_token"]}

    responses = await asyncio.gather(
        *(rest.client.post("/v1/tokens/refresh", json=body) for _ in range(5))
    )

    assert [each.status_code for each in responses].count(200) == 1


@pytest.mark.parametrize("token", ["", ".", "nobody.x", "x" * 200, "a.b.c"])
async def test_what_is_no_refresh_token(rest: Rest, token: str) -> None:
    """Anything that was not given out is refused."""
    response = await rest.client.post("/v1/tokens/refresh", json={"refresh_token": token})

    assert refusal(response) == (401, "unauthenticated")


async def test_logging_out(rest: Rest) -> None:
    """After a log-out the refresh token is worth nothing, and other log-ins go on."""
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
