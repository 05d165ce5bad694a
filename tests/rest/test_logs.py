"""The ids on the log lines of a request."""

import logging

import httpx
import pytest

from marketplace.actions import accounts
from marketplace.logs import IDS
from tests.log_lines import log_lines
from tests.rest.people import PASSWORD, Rest, registered

DEEP = logging.getLogger("some.library")


async def test_every_line_of_a_request_has_its_ids(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours has them, and a library's too, which knows nothing of requests."""
    person = await registered(rest)

    async def broken(*_: object) -> None:
        DEEP.warning("a pool is exhausted")
        raise RuntimeError("a defect")

    monkeypatch.setattr(accounts, "own_account", broken)
    with log_lines() as lines:
        await person.get("/v1/me", headers={"X-Request-Id": "case-1"})

    ids = {"request_id": "case-1", "correlation_id": "case-1", "account_id": person.id}
    for message in ("a pool is exhausted", "request failed"):
        (line,) = lines.of(message)
        assert {name: line[name] for name in IDS} == ids


async def test_the_next_request_of_a_connection_has_its_own_ids(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that stays open brings no account to a request without a token.

    The second one is a change, which runs in a task of its own.
    """
    person = await registered(rest)

    async def exhausted(*_: object) -> None:
        DEEP.warning("a pool is exhausted")
        raise RuntimeError("a defect")

    monkeypatch.setattr(accounts, "own_account", exhausted)
    monkeypatch.setattr(accounts, "authenticate", exhausted)
    async with httpx.AsyncClient(base_url=rest.client.base_url, trust_env=False) as client:
        with log_lines() as lines:
            await client.get("/v1/me", headers=person.bearer | {"X-Request-Id": "one"})
            await client.post(
                "/v1/tokens",
                json={"email": person.email, "password": PASSWORD},
                headers={"X-Request-Id": "two"},
            )

    first, second = lines.of("a pool is exhausted")
    assert (first["request_id"], first["account_id"]) == ("one", person.id)
    assert second["request_id"] == "two"
    assert "account_id" not in second


async def test_no_line_has_what_a_person_sent(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ids are all that a line says of a person: no address, password, token or text."""
    person = await registered(rest)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(accounts, "authenticate", broken)
    monkeypatch.setattr(accounts, "own_account", broken)
    with log_lines() as lines:
        await person.get("/v1/me")
        await person.post("/v1/tokens", json={"email": person.email, "password": PASSWORD})

    assert lines.of("request failed")
    for secret in (person.email, PASSWORD, person.tokens["access_token"]):
        assert secret not in lines.text
