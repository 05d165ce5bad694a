"""Every failure is answered with a problem, and never with a stack trace."""

import asyncio
import json
import logging

import pytest

from marketplace.actions import accounts
from marketplace.errors import TemporaryError
from rest import performing
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
    logged = next(record for record in caplog.records if record.message == "request failed")
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
