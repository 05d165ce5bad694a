"""The caller's profile and email address over REST."""

import asyncio

import httpx
import pytest

from marketplace.domain.notifications import AccountKind
from tests.rest.mail import changes, code_to, newest, notices, token_to, verify_email
from tests.rest.people import PASSWORD, Person, Rest, an_email, paths_of, refusal, registered


async def asked(person: Person, email: str, password: str = PASSWORD) -> httpx.Response:
    """Ask for another email address."""
    return await person.post("/v1/me/email", json={"email": email, "password": password})


async def test_a_profile_changes_field_by_field(rest: Rest) -> None:
    """Omitted fields stay; a phone can be removed; the owner is told of a new phone."""
    person = await registered(rest)
    before = (await person.get("/v1/me")).json()

    named = await person.patch("/v1/me", json={"name": "Carla Ruiz", "locale": "es"})
    rung = await person.patch("/v1/me", json={"phone": "+1 303 555 0142"})
    silent = await person.patch("/v1/me", json={"phone": None, "timezone": "America/Denver"})

    assert named.json() == {**before, "name": "Carla Ruiz", "locale": "es"}
    assert rung.json()["phone"] == "+13035550142"
    assert (silent.json()["phone"], silent.json()["name"]) == (None, "Carla Ruiz")
    assert await changes(rest, person.id) == ["phone_changed", "phone_changed"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "see https://evil.example"),
        ("phone", "112"),
        ("locale", "English"),
        ("timezone", "Mars/Olympus"),
        ("role", "admin"),
        ("email", "new@people.example"),
        ("password_hash", "x"),
        ("credentials", 0),
    ],
)
async def test_bad_values_are_named_and_change_nothing(
    rest: Rest, field: str, value: object
) -> None:
    """Neither the role nor the email changes by a PATCH."""
    person = await registered(rest)
    before = (await person.get("/v1/me")).json()

    response = await person.patch("/v1/me", json={"name": "Eve", field: value})

    assert refusal(response) == (422, "validation_failed")
    assert paths_of(response) == [field]
    assert (await person.get("/v1/me")).json() == before


async def test_an_email_changes_with_the_code_of_the_new_address(rest: Rest) -> None:
    """Until then the old one logs in; both addresses get their emails."""
    person, new = await registered(rest), an_email()
    await verify_email(rest, person)

    response = await asked(person, new.upper())
    assert response.status_code == 202
    assert (await newest(rest, person.id, AccountKind.VERIFICATION_CODE)).address == new
    assert (await newest(rest, person.id, AccountKind.SECURITY)).address == person.email
    body = {"code": await code_to(rest, person)}
    changed = await person.post("/v1/verifications/email/confirm", json=body)

    assert changed.json()["email"] == new
    assert changed.json()["email_verified_at"] is not None
    assert await changes(rest, person.id) == ["email_changed", "email_change_requested"]
    log_in = await rest.client.post("/v1/tokens", json={"email": new, "password": PASSWORD})
    assert log_in.status_code == 200


async def test_nobody_learns_whether_the_new_address_has_an_account(rest: Rest) -> None:
    """The answers are equal; the owner of the taken address is told."""
    person, owner = await registered(rest), await registered(rest)

    free, taken = await asked(person, an_email()), await asked(person, owner.email)

    assert free.status_code == taken.status_code == 202
    assert free.content == taken.content == b""
    assert await changes(rest, owner.id) == ["email_in_use"]


async def test_two_changes_to_one_address_at_once_have_one_effect(rest: Rest) -> None:
    """Two people confirm the same address at the same time: one has it, one is refused."""
    people, new = [await registered(rest) for _ in range(4)], an_email()
    for person in people:
        assert (await asked(person, new)).status_code == 202
    codes = [await code_to(rest, person) for person in people]

    responses = await asyncio.gather(
        *(
            person.post("/v1/verifications/email/confirm", json={"code": code})
            for person, code in zip(people, codes, strict=True)
        )
    )

    assert sorted(response.status_code for response in responses) == [200, 409, 409, 409]
    accounts = rest.parts.store.database["accounts"]
    assert await accounts.count_documents({"email": new}) == 1


async def test_a_change_needs_the_password(rest: Rest) -> None:
    """A wrong one sends nothing, and counts like that of a log-in."""
    person = await registered(rest)

    refused, same = await asked(person, an_email(), "guess"), await asked(person, person.email)

    assert refusal(refused) == (403, "wrong_password")
    assert paths_of(refused) == ["password"]
    assert paths_of(same) == ["email"]
    assert await notices(rest, person.id) == []


async def test_the_old_address_takes_the_account_back(rest: Rest) -> None:
    """The link ends every log-in, and a reset link sets the next password."""
    person, new = await registered(rest), an_email()
    await verify_email(rest, person)
    await asked(person, new)
    body = {"code": await code_to(rest, person)}
    await person.post("/v1/verifications/email/confirm", json=body)
    undo = {"token": await token_to(rest, person, AccountKind.SECURITY)}

    response = await rest.client.post("/v1/email-changes/undo", json=undo)

    assert response.status_code == 204
    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")
    for email in (person.email, new):
        log_in = await rest.client.post("/v1/tokens", json={"email": email, "password": PASSWORD})
        assert refusal(log_in) == (401, "unauthenticated")
    reset = {"token": await token_to(rest, person, AccountKind.PASSWORD_RESET)}
    password = "purple monkey dishwasher"
    confirmed = await rest.client.post(
        "/v1/password-resets/confirm", json={**reset, "password": password}
    )
    assert confirmed.status_code == 204
    body = {"email": person.email, "password": password}
    assert (await rest.client.post("/v1/tokens", json=body)).status_code == 200
    again = await rest.client.post("/v1/email-changes/undo", json=undo)
    assert refusal(again) == (422, "invalid_code")
