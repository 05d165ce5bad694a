"""Verifying an email address and a phone over REST."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from marketplace.settings import Settings
from tests.rest.mail import code_to, notices, verify_email
from tests.rest.people import Rest, paths_of, refusal, registered
from tests.rest.processes import RestProcess, a_process


@pytest_asyncio.fixture(scope="module")
async def elsewhere(settings: Settings, rest: Rest) -> AsyncIterator[RestProcess]:
    """A second `rest` over the same database."""
    async with a_process(settings, "rest-elsewhere") as process:
        yield process


async def test_an_account_shows_what_is_verified(rest: Rest) -> None:
    """Registration verifies nothing; codes do, each its own address."""
    person = await registered(rest, phone="+13035550142")
    before = (await person.get("/v1/me")).json()

    await verify_email(rest, person)
    assert (await person.post("/v1/verifications/phone")).status_code == 202
    body = {"code": await code_to(rest, person)}
    response = await person.post("/v1/verifications/phone/confirm", json=body)

    assert (before["email_verified_at"], before["phone_verified_at"]) == (None, None)
    after = response.json()
    assert after["email_verified_at"] < after["phone_verified_at"]
    assert (await person.get("/v1/me")).json() == after


async def test_of_64_confirmations_through_two_processes_one_has_an_effect(
    rest: Rest, elsewhere: RestProcess
) -> None:
    """Five tries are let through over both processes together, and one of them verifies."""
    person = await registered(rest)
    other = replace(person, client=elsewhere.client)
    await person.post("/v1/verifications/email")
    body = {"code": await code_to(rest, person)}

    responses = await asyncio.gather(
        *(seen.post("/v1/verifications/email/confirm", json=body) for seen in [person, other] * 32)
    )

    statuses = sorted(response.status_code for response in responses)
    assert statuses == [200] + [422] * 63
    assert {refusal(refused) for refused in responses if refused.status_code != 200} == {
        (422, "invalid_code")
    }


async def test_tries_are_exact_through_two_processes(rest: Rest, elsewhere: RestProcess) -> None:
    """Wrong codes at both processes use up the tries; then the correct one is refused."""
    person = await registered(rest)
    other = replace(person, client=elsewhere.client)
    await person.post("/v1/verifications/email")
    code = await code_to(rest, person)
    wrong = {"code": f"{(int(code) + 1) % 1_000_000:06}"}

    await asyncio.gather(
        *(seen.post("/v1/verifications/email/confirm", json=wrong) for seen in [person, other] * 8)
    )

    stored = await rest.parts.store.codes.get(f"email:{person.id}")
    assert stored is not None
    assert stored.tries == 5
    late = await person.post("/v1/verifications/email/confirm", json={"code": code})
    assert refusal(late) == (422, "invalid_code")
    assert paths_of(late) == ["code"]


async def test_a_code_of_another_account_is_refused(rest: Rest) -> None:
    """The refusal is that of any wrong code."""
    one, other = await registered(rest), await registered(rest)
    await one.post("/v1/verifications/email")
    await other.post("/v1/verifications/email")
    body = {"code": await code_to(rest, one)}

    stolen = await other.post("/v1/verifications/email/confirm", json=body)
    nothing = await one.post("/v1/verifications/phone/confirm", json=body)

    assert refusal(stolen) == refusal(nothing) == (422, "invalid_code")


@pytest.mark.parametrize("code", ["", "x" * 41, 123_456, None, ["123456"], {"$ne": None}])
async def test_a_code_that_is_no_text_or_too_long_is_refused(rest: Rest, code: object) -> None:
    """Nothing but a short text reaches the comparison."""
    person = await registered(rest)

    response = await person.post("/v1/verifications/email/confirm", json={"code": code})

    assert response.status_code == 422
    assert paths_of(response) == ["code"]


async def test_without_a_phone_there_is_no_code(rest: Rest) -> None:
    """The refusal names the phone, and nothing is sent."""
    person = await registered(rest)

    response = await person.post("/v1/verifications/phone")

    assert refusal(response) == (409, "wrong_state")
    assert paths_of(response) == ["phone"]
    assert await notices(rest, person.id) == []


async def test_a_person_sees_that_a_code_was_sent_and_not_the_code(rest: Rest) -> None:
    """The list of notifications has the kind and the channel alone."""
    person = await registered(rest)
    await person.post("/v1/verifications/email")
    code = await code_to(rest, person)

    listed = await person.get("/v1/me/notifications")

    (item,) = listed.json()["items"]
    assert (item["kind"], item["channel"]) == ("verification_code", "email")
    assert code not in {*map(str, item.values())}
