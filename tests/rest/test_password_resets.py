"""Resetting a forgotten password over REST."""

import asyncio

import httpx
import pytest

from marketplace.actions import passwords
from marketplace.domain.notifications import AccountKind
from marketplace.ports import World
from tests.rest.mail import changes, newest, notices, token_to
from tests.rest.people import PASSWORD, Person, Rest, an_email, paths_of, refusal, registered

NEW = "purple monkey dishwasher"


async def asked(rest: Rest, email: str) -> httpx.Response:
    """Ask for a link, and wait until what the request started has ended."""
    response = await rest.client.post("/v1/password-resets", json={"email": email})
    while rest.app.ctx.service.running:
        await asyncio.wait(rest.app.ctx.service.running)
    return response


async def logged_in(rest: Rest, person: Person, password: str) -> httpx.Response:
    """A log-in."""
    return await rest.client.post("/v1/tokens", json={"email": person.email, "password": password})


async def test_a_link_sets_a_new_password(rest: Rest) -> None:
    """Every log-in ends, the old password no longer works, and the owner is told."""
    person = await registered(rest)
    assert (await asked(rest, person.email.upper())).status_code == 202
    body = {"token": await token_to(rest, person, AccountKind.PASSWORD_RESET), "password": NEW}

    response = await rest.client.post("/v1/password-resets/confirm", json=body)

    assert response.status_code == 204
    assert refusal(await person.get("/v1/me")) == (401, "unauthenticated")
    assert refusal(await logged_in(rest, person, PASSWORD)) == (401, "unauthenticated")
    account = (await logged_in(rest, person, NEW)).json()["account"]
    assert account["email_verified_at"] is not None
    assert await changes(rest, person.id) == ["password_changed"]


async def test_a_reset_answers_alike_whether_or_not_there_is_an_account(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, body and headers are equal, and the answer waits for nothing that may take longer."""
    person, may_go_on = await registered(rest), asyncio.Event()
    request_reset, begun = passwords.request_reset, []

    async def held(world: World, email: str) -> None:
        begun.append(email)
        await may_go_on.wait()
        await request_reset(world, email)

    monkeypatch.setattr(passwords, "request_reset", held)
    emails = [person.email, an_email(), "nobody"]

    responses = [
        await rest.client.post("/v1/password-resets", json={"email": email}) for email in emails
    ]

    answers = [
        (response.status_code, response.content, sorted(response.headers)) for response in responses
    ]
    assert answers == [answers[0]] * 3
    assert responses[0].status_code == 202
    assert begun == emails
    may_go_on.set()
    while rest.app.ctx.service.running:
        await asyncio.wait(rest.app.ctx.service.running)
    assert len(await notices(rest, person.id)) == 1


async def test_a_wrong_or_used_link_is_refused(rest: Rest) -> None:
    """All in the same words; a weak password does not use the link up."""
    person = await registered(rest)
    await asked(rest, person.email)
    token = await token_to(rest, person, AccountKind.PASSWORD_RESET)

    async def confirmed(token: str, password: str = NEW) -> httpx.Response:
        body = {"token": token, "password": password}
        return await rest.client.post("/v1/password-resets/confirm", json=body)

    weak = await confirmed(token, person.email)
    assert refusal(weak) == (422, "validation_failed")
    assert paths_of(weak) == ["password"]
    refusals = [await confirmed(made_up) for made_up in ("nothing", f"{token}x", "a.b")]
    assert (await confirmed(token)).status_code == 204
    refusals.append(await confirmed(token))

    said = {(refused.status_code, refused.json()["detail"]) for refused in refusals}
    assert {refusal(refused) for refused in refusals} == {(422, "invalid_code")}
    assert len(said) == 1
    assert paths_of(refusals[0]) == ["token"]


async def test_confirmations_at_once_set_one_password(rest: Rest) -> None:
    """A link that is opened many times at once has one effect."""
    person = await registered(rest)
    await asked(rest, person.email)
    token = await token_to(rest, person, AccountKind.PASSWORD_RESET)

    responses = await asyncio.gather(
        *(
            rest.client.post(
                "/v1/password-resets/confirm", json={"token": token, "password": f"{NEW} {n}"}
            )
            for n in range(16)
        )
    )

    won = [n for n, response in enumerate(responses) if response.status_code == 204]
    assert len(won) == 1
    assert (await logged_in(rest, person, f"{NEW} {won[0]}")).status_code == 200


async def test_the_link_goes_to_the_accounts_address_alone(rest: Rest) -> None:
    """An address of nobody gets nothing; the account's gets one email with a token."""
    person = await registered(rest)
    await asked(rest, an_email())
    await asked(rest, person.email)

    permit = await newest(rest, person.id, AccountKind.PASSWORD_RESET)

    assert permit.address == person.email
    assert len(await notices(rest, person.id)) == 1
