"""Every failure is answered with a problem, and never with a stack trace."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest

from marketplace.actions import accounts
from marketplace.errors import TemporaryError
from rest import performing, requests
from tests.rest.people import Rest, refusal, registered


async def raw(rest: Rest, sent: bytes, *, pause_s: float = 0.0) -> tuple[int, dict[str, object]]:
    """Send these exact bytes; returns the status and the problem."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", rest.parts.settings.bind_port, limit=1 << 20
    )
    try:
        writer.write(sent)
        await writer.drain()
        await asyncio.sleep(pause_s)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode().lower()
        assert "content-type: application/problem+json" in head
        assert "x-request-id: " in head
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))
    finally:
        writer.close()
        await writer.wait_closed()


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


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/rfis", "GET, HEAD, POST"),
        ("POST", "/v1/vendors/me", "GET, HEAD, PATCH"),
        ("PUT", "/health/live", "GET, HEAD"),
        ("OPTIONS", "/v1/tokens", "DELETE, POST"),
    ],
)
async def test_unsupported_methods_are_refused(
    rest: Rest, method: str, path: str, allowed: str
) -> None:
    """A method that a path does not support is refused, with the supported ones."""
    response = await rest.client.request(method, path)

    assert refusal(response) == (405, "method_not_allowed")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/rfis", "/v1/rfis/", "/v1/rfis/a/b", "/v1//rfis", "/.git/config"]
)
async def test_unknown_paths_get_a_problem(rest: Rest, path: str) -> None:
    """An unknown path gets a problem like any other error."""
    assert refusal(await rest.client.get(path)) == (404, "not_found")


async def test_a_valid_request_id_is_returned(rest: Rest) -> None:
    """A valid request id is returned in header and problem; any other is replaced."""
    sane = await rest.client.get("/v1/me", headers={"X-Request-Id": "app-7.retry_1"})
    strange = await rest.client.get("/v1/me", headers={"X-Request-Id": 'x" onload="'})
    long = await rest.client.get("/v1/me", headers={"X-Request-Id": "x" * 65})

    assert sane.headers["x-request-id"] == "app-7.retry_1"
    for response in (sane, strange, long):
        assert response.json()["request_id"] == response.headers["x-request-id"]
    assert len(strange.headers["x-request-id"]) == len(long.headers["x-request-id"]) == 32


async def test_answers_are_not_cached(rest: Rest) -> None:
    """Responses stay out of shared caches, and browsers do not guess content types."""
    for path in ("/v1/categories", "/v1/me", "/v1/nothing"):
        response = await rest.client.get(path)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


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


@pytest.mark.parametrize("query", ["limit=1&limit=2", "unknown=1", "limit", "limit=", "cursor=%00"])
async def test_invalid_queries_are_refused(rest: Rest, query: str) -> None:
    """Unknown, repeated or empty parameters are refused."""
    person = await registered(rest)

    assert refusal(await person.get(f"/v1/rfis?{query}")) == (422, "validation_failed")


@pytest.mark.parametrize("query", ["limit=%ff", "&".join(f"a{n}=1" for n in range(30))])
async def test_unreadable_queries_are_malformed(rest: Rest, query: str) -> None:
    """A query that is not UTF-8, or has too many parameters, is malformed."""
    person = await registered(rest)

    assert refusal(await person.get(f"/v1/rfis?{query}")) == (400, "malformed")


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


HEAD = b"Host: parley\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"nonsense\r\n\r\n", (400, "malformed")),
        (b"GET /v1/me HTTP/9.9\r\n" + HEAD, (400, "malformed")),
        (b"GET /v1/me HTTP/1.1\r\nbroken header\r\n" + HEAD, (400, "malformed")),
        (b"GET /v1/\xc3\xa9 HTTP/1.1\r\n" + HEAD, (400, "malformed")),
        (b"BREW /v1/me HTTP/1.1\r\n" + HEAD, (405, "method_not_allowed")),
        (b"POST /v1/tokens HTTP/1.1\r\nContent-Length: -5\r\n" + HEAD, (400, "malformed")),
        (
            b"POST /v1/tokens HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
            + HEAD,
            (400, "malformed"),
        ),
        (
            b"POST /v1/tokens HTTP/1.1\r\nContent-Length: 5\r\nExpect: a miracle\r\n" + HEAD,
            (417, "malformed"),
        ),
        (b"GET /v1/me HTTP/1.1\r\nX: " + b"x" * 20_000, (413, "payload_too_large")),
        (
            b"POST /v1/tokens HTTP/1.1\r\nContent-Length: 99999999999\r\n" + HEAD,
            (413, "payload_too_large"),
        ),
    ],
)
async def test_broken_http_gets_a_problem(
    rest: Rest, sent: bytes, expected: tuple[int, str]
) -> None:
    """Broken HTTP requests get a problem in the same form as any other."""
    status, body = await raw(rest, sent)

    assert (status, body["code"]) == expected
    assert body["status"] == status


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1/me HTTP/1.1\r\nHost: par",
        b"POST /v1/tokens HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
        + HEAD
        + b"{",
    ],
)
async def test_an_incomplete_request_gets_a_problem_in_time(rest: Rest, sent: bytes) -> None:
    """A request that does not arrive in time gets a problem, and its connection ends."""
    config = rest.app.config
    before = config.REQUEST_TIMEOUT, config.RESPONSE_TIMEOUT
    config.REQUEST_TIMEOUT = config.RESPONSE_TIMEOUT = 0.3
    try:
        status, body = await raw(rest, sent)
    finally:
        config.REQUEST_TIMEOUT, config.RESPONSE_TIMEOUT = before

    assert (status, body["code"]) in {(408, "malformed"), (503, "unavailable")}


async def test_an_unavailable_service_is_reported_as_temporary(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a required service is unavailable, the caller is told to retry."""
    person = await registered(rest)

    async def away(*_: object) -> None:
        raise TemporaryError("MongoDB: AutoReconnect")

    monkeypatch.setattr(accounts, "own_account", away)
    response = await person.get("/v1/me")

    assert refusal(response) == (503, "unavailable")
    assert response.headers["retry-after"] == "1"
    assert "MongoDB" not in response.text


async def test_an_internal_error_is_logged_and_not_revealed(
    rest: Rest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An internal error is logged with the request's id, and the response reveals nothing."""
    person = await registered(rest)

    async def broken(*_: object) -> None:
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(accounts, "own_account", broken)
    with caplog.at_level(logging.ERROR):
        response = await person.get("/v1/me", headers={"X-Request-Id": "case-1"})

    assert refusal(response) == (500, "internal")
    assert "secret plan" not in response.text
    assert "Traceback" not in response.text
    logged = next(record for record in caplog.records if record.name == "rest.problems")
    assert vars(logged)["request_id"] == "case-1"
    assert logged.exc_info is not None


async def test_a_slow_request_is_cancelled_and_answered(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that takes too long is cancelled and answered."""
    person = await registered(rest)
    was_cancelled = asyncio.Event()

    async def slow(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    monkeypatch.setattr(accounts, "own_account", slow)
    monkeypatch.setattr(performing, "DEADLINE_S", 0.1)
    response = await person.get("/v1/me")

    assert refusal(response) == (503, "unavailable")
    assert response.headers["retry-after"] == "1"
    assert was_cancelled.is_set()


async def test_head_works_like_get_without_a_body(rest: Rest) -> None:
    """HEAD works wherever GET does."""
    response = await rest.client.head("/v1/categories")

    assert response.status_code == 200
    assert int(response.headers["content-length"]) > 100
    assert response.content == b""
