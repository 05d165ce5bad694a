"""No log, no collection and no event has a code, a token, a password or a secret."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest

from marketplace.actions import erasures
from marketplace.domain.notifications import AccountKind
from tests.rest.mail import code_to, token_to
from tests.rest.people import PASSWORD, Person, Rest, an_email, registered

NEW = "purple monkey dishwasher"


async def test_no_log_and_no_collection_has_a_secret(
    rest: Rest, caplog: pytest.LogCaptureFixture
) -> None:
    """Through every operation of an account, with its mistakes, at the most talkative level."""
    caplog.set_level(logging.DEBUG)
    secrets = await _a_life(rest)

    database = rest.parts.store.database
    kept = {
        name: str(await database[name].find().to_list(None))
        for name in await database.list_collection_names()
    }
    kept["log"] = caplog.text + "".join(str(vars(record)) for record in caplog.records)

    found = {
        (name, what)
        for name, text in kept.items()
        for what, secret in secrets.items()
        if secret in text
    }
    assert found == set()
    assert kept["log"]


async def _a_life(rest: Rest) -> dict[str, str]:
    """Everything that a person can do to their account; returns what nobody else may read."""
    person, new = await registered(rest, phone="+13035550142"), an_email()
    secrets = {"password": PASSWORD, "new password": NEW}
    for kind in ("email", "phone"):
        await person.post(f"/v1/verifications/{kind}")
        secrets[f"code for the {kind}"] = code = await code_to(rest, person)
        for body in ({"code": f"{code}9"}, {"code": [code]}, {"code": code}, {"code": code}):
            await person.post(f"/v1/verifications/{kind}/confirm", json=body)
    totp = (await person.post("/v1/me/totp")).json()
    secrets["secret of the app"] = totp["secret"]
    code = pyotp.TOTP(totp["secret"]).at(datetime.now(UTC))
    confirmed = await person.post("/v1/me/totp/confirm", json={"code": code})
    secrets["recovery code"] = confirmed.json()["recovery_codes"][0]
    log_in: dict[str, Any] = {"email": person.email, "password": PASSWORD}
    for more in ({}, {"totp": "000000"}, {"totp": secrets["recovery code"]}):
        await rest.client.post("/v1/tokens", json=log_in | more)
    await person.post("/v1/me/email", json={"email": new, "password": PASSWORD})
    secrets["undo"] = await token_to(rest, person, AccountKind.SECURITY)
    secrets["code for the new email"] = await code_to(rest, person)
    await _reset(rest, person, secrets)
    await rest.client.post("/v1/email-changes/undo", json={"token": secrets["undo"]})
    log_in["password"] = NEW
    await rest.client.post("/v1/tokens", json=log_in)
    while await erasures.run_due(rest.parts.world):
        pass
    # Six digits occur in numbers of all kinds; a code is looked for as it would be written.
    return {
        what: f'"{secret}"' if secret.isdecimal() else secret for what, secret in secrets.items()
    } | {f"{what}, plain": f"'{secret}'" for what, secret in secrets.items() if secret.isdecimal()}


async def _reset(rest: Rest, person: Person, secrets: dict[str, str]) -> None:
    await rest.client.post("/v1/password-resets", json={"email": person.email})
    while rest.app.ctx.service.running:
        await asyncio.wait(rest.app.ctx.service.running)
    secrets["reset"] = await token_to(rest, person, AccountKind.PASSWORD_RESET)
    for token in (secrets["reset"] + "x", secrets["reset"]):
        body = {"token": token, "password": NEW}
        await rest.client.post("/v1/password-resets/confirm", json=body)
