"""Request bodies: malformed, oversized, incomplete, or where none is expected."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rest import requests
from tests.rest.people import Rest, refusal, registered


async def test_a_dripping_body_has_a_total_time_limit(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends a byte now and then cannot keep its connection."""
    monkeypatch.setattr(requests, "BODY_WITHIN_S", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.parts.settings.bind_port)
    writer.write(b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(5):
        while not reading.done():
            writer.write(b"{")
            await asyncio.sleep(0.05)
    answer = reading.result()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


BODIES = {
    "not JSON": b"{",
    "nothing": b"",
    "two values": b"{} {}",
    "NaN": b'{"email": NaN, "password": "x"}',
    "Infinity": b'{"email": -Infinity, "password": "x"}',
    "not UTF-8": b'{"email": "\xff", "password": "x"}',
    "UTF-16": '{"email": "a"}'.encode("utf-16"),
    "a deep nest": b"[" * 1_500 + b"]" * 1_500,
    "single quotes": b"{'email': 'a'}",
    "a comment": b"{} // or not",
    "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_bodies_that_are_not_json_are_malformed(rest: Rest, body: bytes) -> None:
    """A body that is not JSON in UTF-8 is malformed."""
    response = await rest.client.post(
        "/v1/tokens", content=body, headers={"Content-Type": "application/json"}
    )

    assert refusal(response) == (400, "malformed")


UNREADABLE = {
    b'{"email": "\\ud83d", "password": "x"}': ["email"],
    b'{"email": "\\ud83d", "password": "\\udc00\\ud83d"}': ["email", "password"],
    b'{"email": ["\\udfff"], "password": "x"}': ["email.0"],
    b'{"email": "a", "\\ud83d": 1}': ["\N{REPLACEMENT CHARACTER}"],
    b'{"email": "a", "password": "x", "email": "b"}': ["email"],
    b'{"email": "12:30", "password": {"a": 1, "a": 1}}': ["password.a"],
}


@pytest.mark.parametrize("body", UNREADABLE)
async def test_invalid_json_values_are_named(rest: Rest, body: bytes) -> None:
    """Lone surrogates and duplicate names are refused with their paths."""
    response = await rest.client.post(
        "/v1/tokens", content=body, headers={"Content-Type": "application/json"}
    )

    assert refusal(response) == (422, "validation_failed")
    assert [error["path"] for error in response.json()["errors"]] == UNREADABLE[body]


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true"])
async def test_bodies_that_are_not_objects_are_refused(rest: Rest, body: bytes) -> None:
    """JSON that is not an object fails validation."""
    response = await rest.client.post(
        "/v1/tokens", content=body, headers={"Content-Type": "application/json"}
    )

    assert refusal(response) == (422, "validation_failed")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_body_must_be_application_json(rest: Rest, headers: dict[str, str]) -> None:
    """A body must be sent as plain application/json."""
    response = await rest.client.post("/v1/tokens", content=b"{}", headers=headers)

    assert refusal(response) == (415, "unsupported_media_type")


async def test_a_charset_is_accepted(rest: Rest) -> None:
    """application/json with a parameter is accepted."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    response = await rest.client.post("/v1/tokens", content=b"{}", headers=headers)

    assert refusal(response) == (422, "validation_failed")


async def test_an_operation_without_a_body_refuses_fields(rest: Rest) -> None:
    """An operation without a body refuses fields, and accepts an empty object."""
    vendor = await registered(rest, role="vendor")

    refused = await vendor.post("/v1/vendors/me/submit", json={"force": True})
    passed = await vendor.post("/v1/vendors/me/submit", json={})

    assert refusal(refused) == (422, "validation_failed")
    assert refusal(passed) == (409, "wrong_state")


async def test_an_oversized_body_is_refused(rest: Rest) -> None:
    """A body above 1 MiB is refused, with or without a Content-Length."""
    large = b'{"email": "' + b"x" * 1_100_000 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    headers = {"Content-Type": "application/json"}
    announced = await rest.client.post("/v1/tokens", content=large, headers=headers)
    chunked = await rest.client.post("/v1/tokens", content=chunks(), headers=headers)

    assert refusal(announced) == (413, "payload_too_large")
    assert refusal(chunked) == (413, "payload_too_large")
