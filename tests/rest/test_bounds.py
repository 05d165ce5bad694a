"""Requests that are too large get a quick and small refusal from the real service."""

from typing import Any

import httpx
import orjson
import pytest

from rest.limits import Limits
from tests.builders import Stopwatch
from tests.rest.people import Rest, a_draft, refusal, registered

JSON = {"Content-Type": "application/json"}
ANSWER_BYTES = 20_000


async def post(rest: Rest, path: str, body: bytes, **headers: str) -> httpx.Response:
    """POST these exact bytes."""
    return await rest.client.post(path, content=body, headers={**JSON, **headers})


async def test_an_oversized_body_is_not_parsed(rest: Rest) -> None:
    """A body of 45,000 unknown fields gets one short problem, even without a log-in."""
    body = orjson.dumps({f"{n:x}": 0 for n in range(45_000)})

    response = await post(rest, "/v1/accounts", body)

    assert refusal(response) == (413, "payload_too_large")
    assert len(response.content) < 1_000


async def test_unknown_names_get_at_most_twenty_errors(rest: Rest) -> None:
    """A body of an acceptable size with many unknown fields gets at most twenty errors."""
    customer = await registered(rest)
    unknown = {f"{'x' * 1_000}{n}": 0 for n in range(400)}

    response = await customer.post("/v1/rfis", json={**a_draft(), **unknown})

    assert refusal(response) == (422, "validation_failed")
    assert len(response.json()["errors"]) == 20
    assert len(response.content) < ANSWER_BYTES


async def test_an_overlong_list_of_ids_gets_one_error(rest: Rest) -> None:
    """A list that is too long gets one error, not one per item."""
    customer = await registered(rest)

    response = await customer.post("/v1/rfis", json={**a_draft(), "attachment_ids": ["?"] * 9_000})

    assert refusal(response) == (422, "validation_failed")
    assert [error["path"] for error in response.json()["errors"]] == ["attachment_ids"]


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"{'y' * 300}{n}={n}" for n in range(19)),
        "&".join("limit=1" for _ in range(20)),
        "limit=" + "9" * 7_000,
        "cursor=" + "A" * 7_000,
    ],
    ids=["unknown", "repeated", "a long number", "a long cursor"],
)
async def test_errors_of_parameters_are_bounded(rest: Rest, query: str) -> None:
    """Whatever the query string, its refusal is small."""
    response = await rest.client.get(f"/v1/vendors?{query}")

    assert refusal(response) == (422, "validation_failed")
    assert len(response.content) < ANSWER_BYTES


async def test_a_large_body_counts_as_several_requests(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address may send 500 small bodies at once, or 16 of half a megabyte."""
    monkeypatch.setattr(rest.app.ctx.service, "limits", Limits(1.0, Stopwatch()))
    body = b'{"x": "' + b"x" * 500_000 + b'"}'
    address = {"X-Forwarded-For": "203.0.113.40"}

    answers: list[Any] = [await post(rest, "/v1/tokens", body, **address) for _ in range(17)]

    assert [response.status_code for response in answers] == [413] * 16 + [429]
