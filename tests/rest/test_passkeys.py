"""Passkeys over REST."""

import asyncio
from urllib.parse import urlsplit

import httpx

from tests.devices import Device
from tests.rest.mail import changes
from tests.rest.people import Person, Rest, paths_of, refusal, registered
from tests.rest.test_second_factors import turned_on


def a_device(rest: Rest) -> Device:
    """A device whose browser shows our site."""
    url = urlsplit(rest.parts.settings.public_url)
    return Device(f"{url.scheme}://{url.netloc}", url.hostname or "")


async def added(person: Person, device: Device) -> httpx.Response:
    """Add the device's passkey to the person's account."""
    options = (await person.post("/v1/me/passkeys/options")).json()["options"]
    body = {"credential": device.make(options), "name": "Phone"}
    return await person.post("/v1/me/passkeys", json=body)


async def answered(rest: Rest, device: Device) -> str:
    """The device's answer to a new challenge."""
    response = await rest.client.post("/v1/tokens/passkey/options")
    return device.answer(response.json()["options"])


async def logged_in(rest: Rest, device: Device) -> httpx.Response:
    """A log-in with the device."""
    body = {"credential": await answered(rest, device)}
    return await rest.client.post("/v1/tokens/passkey", json=body)


async def test_a_passkey_logs_in_without_password_and_code(rest: Rest) -> None:
    """Also where the account has a second factor, which the passkey replaces."""
    person, device = await registered(rest), a_device(rest)
    made = await added(person, device)
    await turned_on(person)

    response = await logged_in(rest, device)

    assert made.status_code == 201
    assert made.json().keys() == {"id", "name", "created_at", "last_used_at"}
    assert response.status_code == 200
    assert response.json()["account"]["id"] == person.id
    (listed,) = (await person.get("/v1/me/passkeys")).json()["items"]
    assert listed["last_used_at"] is not None
    assert await changes(rest, person.id) == ["second_factor_on", "passkey_added"]


async def test_an_answer_logs_in_once(rest: Rest) -> None:
    """Whoever copied it on its way gets nothing with it."""
    person, device = await registered(rest), a_device(rest)
    await added(person, device)
    body = {"credential": await answered(rest, device)}

    responses = await asyncio.gather(
        *(rest.client.post("/v1/tokens/passkey", json=body) for _ in range(8))
    )

    assert sorted(response.status_code for response in responses) == [200] + [422] * 7
    assert {refusal(response) for response in responses if response.status_code != 200} == {
        (422, "invalid_code")
    }


async def test_a_passkey_of_nobody_and_a_removed_one_are_refused_alike(rest: Rest) -> None:
    """The refusal does not say whether there is such a passkey."""
    person, device = await registered(rest), a_device(rest)
    passkey_id = (await added(person, device)).json()["id"]
    stranger = await registered(rest)
    foreign = await stranger.ask("DELETE", f"/v1/me/passkeys/{passkey_id}")
    removed = await person.ask("DELETE", f"/v1/me/passkeys/{passkey_id}")

    responses = [await logged_in(rest, device), await logged_in(rest, a_device(rest))]

    assert refusal(foreign) == (404, "not_found")
    assert removed.status_code == 204
    assert {refusal(response) for response in responses} == {(422, "invalid_code")}
    assert len({response.json()["detail"] for response in responses}) == 1
    assert paths_of(responses[0]) == ["credential"]


async def test_a_passkey_is_added_and_removed_only_after_a_step_up(rest: Rest) -> None:
    """A stolen access token adds no device of a thief; a passkey itself is a step-up."""
    person, device = await registered(rest), a_device(rest)
    passkey_id = (await added(person, device)).json()["id"]
    sessions = rest.parts.store.database["sessions"]
    await sessions.update_many(
        {"account_id": person.id},
        [{"$set": {"authenticated_at": {"$subtract": ["$authenticated_at", 16 * 60_000]}}}],
    )

    for method, path in (
        ("POST", "/v1/me/passkeys/options"),
        ("DELETE", f"/v1/me/passkeys/{passkey_id}"),
    ):
        assert refusal(await person.ask(method, path)) == (403, "step_up_required")
    body = {"passkey": await answered(rest, device)}
    assert (await person.post("/v1/me/step-up", json=body)).status_code == 204
    again = await person.post("/v1/me/step-up", json=body)

    assert refusal(again) == (422, "invalid_code")
    assert paths_of(again) == ["passkey"]
    assert (await person.post("/v1/me/passkeys/options")).status_code == 200


async def test_a_credential_that_is_no_text_is_refused(rest: Rest) -> None:
    """Nothing but a bounded text reaches the check."""
    person = await registered(rest)
    for credential in ({"id": "a"}, None, 7, "x" * 32_769):
        body = {"credential": credential, "name": "Phone"}
        response = await person.post("/v1/me/passkeys", json=body)
        assert response.status_code in {413, 422}
        late = await rest.client.post("/v1/tokens/passkey", json={"credential": credential})
        assert late.status_code in {413, 422}
