"""Registering, and reading the account of the caller."""

import pytest

from tests.rest.people import PASSWORD, Rest, a_registration, paths_of, refusal, registered


async def test_a_registration_logs_in(rest: Rest) -> None:
    """A registration returns an account and tokens that work at once."""
    body = a_registration(phone="+13035550142", locale="en-US", timezone="America/Denver")

    response = await rest.client.post("/v1/accounts", json=body)

    tokens = response.json()
    me = await rest.client.get(
        "/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert response.status_code == 201
    assert me.json() == tokens["account"]
    assert tokens["account"]["email"] == body["email"]
    assert tokens["expires_in_s"] == 900


async def test_no_answer_contains_the_password(rest: Rest) -> None:
    """Neither the password nor its hash is ever returned."""
    response = await rest.client.post("/v1/accounts", json=a_registration())

    assert PASSWORD not in response.text
    assert "argon2" not in response.text
    assert "password" not in response.json()["account"]


async def test_an_email_registers_once(rest: Rest) -> None:
    """A second account with the email, in any case, is refused."""
    person = await registered(rest)

    response = await rest.client.post(
        "/v1/accounts", json=a_registration(email=person.email.upper())
    )

    assert refusal(response) == (409, "email_taken")
    assert paths_of(response) == ["email"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "admin"),
        ("role", "system"),
        ("role", ["customer"]),
        ("email", "nobody"),
        ("email", {"$ne": None}),
        ("password", "short"),
        ("password", 12_345_678),
        ("name", " "),
        ("name", "\u0000\u200b"),
        ("phone", "0303 555"),
        ("timezone", "Mars/Olympus"),
        ("is_admin", True),
        ("$set", {"role": "admin"}),
    ],
)
async def test_invalid_values_are_named(rest: Rest, field: str, value: object) -> None:
    """An invalid value is refused with its path; nobody can register as an admin."""
    response = await rest.client.post("/v1/accounts", json=a_registration(**{field: value}))

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [field]


async def test_a_token_of_a_deleted_account_is_refused(rest: Rest) -> None:
    """A token of an account that no longer exists is refused."""
    person = await registered(rest)
    await rest.parts.store.database["accounts"].delete_one({"_id": person.id})

    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")
