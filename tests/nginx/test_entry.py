"""What nginx answers itself and what it passes to REST."""

import io
import json
from pathlib import Path

import aiohttp
import pytest

from marketplace.domain.attachments import MAX_BYTES
from marketplace.links import Link
from tests.nginx.conftest import Site, running_nginx

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "path",
    [
        "/v1/rfis?limit=2",
        "/v1/x%20y",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/docs/socket",
        "/asyncapi.json",
    ],
)
async def test_rest_paths_reach_rest_unchanged(site: Site, path: str) -> None:
    """Every address of the contract reaches REST with an unchanged path and query."""
    answer = await (await site.client.get(path)).json()

    assert answer["server"] == "rest"
    assert answer["path"].replace(" ", "%20") == path


@pytest.mark.parametrize("path", [*(link.path("7") for link in Link), "/rfis/x%20y"])
async def test_the_pages_own_addresses_return_the_page(site: Site, path: str) -> None:
    """The page's addresses return index.html, which is never used from a cache unchecked."""
    response = await site.client.get(path)

    assert (response.status, response.content_type) == (200, "text/html")
    assert "Parley" in await response.text()
    assert response.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Server"] == "nginx"


NAVIGATION = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/V1/me", "/v10", "/healthy", "/rfis/7/8", "/wp-login.php", "/.env"]
)
async def test_an_unknown_address_is_not_found(site: Site, path: str) -> None:
    """A program that requests an unknown address gets a 404 problem, and not the page."""
    for method in ("GET", "HEAD", "POST", "DELETE"):
        response = await site.client.request(method, path, headers={"Accept": "application/json"})

        assert response.status == 404
        assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/V1/me", "/rfis/7/8", "/requests"])
async def test_a_navigation_to_an_unknown_address_gets_the_page_with_404(
    site: Site, path: str
) -> None:
    """A navigation gets the page, which knows its own addresses, with the status 404."""
    response = await site.client.get(path, headers=NAVIGATION)

    assert (response.status, response.content_type) == (404, "text/html")
    assert "Parley" in await response.text()
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/favicon.ico", "/wp-login.php", "/assets/app-0000.js"])
async def test_a_missing_file_is_not_found_even_for_a_browser(site: Site, path: str) -> None:
    """A name with an extension is not a page address, even if a browser requests it."""
    response = await site.client.get(path, headers=NAVIGATION)

    assert response.status == 404
    assert response.content_type == "application/problem+json"


async def test_assets_are_cached_for_a_year_and_compressed(site: Site) -> None:
    """Files named after their content may be cached for a year, and text is compressed."""
    response = await site.client.get("/assets/app-3f2a.js", headers={"Accept-Encoding": "gzip"})

    assert response.content_type == "text/javascript"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_missing_asset_is_not_found(site: Site) -> None:
    """A script of an old release gets 404, since HTML in its place would break the page."""
    response = await site.client.get("/assets/app-0000.js")

    assert response.status == 404


async def test_rest_keeps_its_own_headers(site: Site) -> None:
    """The page's security headers are not added to answers of REST, which sets its own."""
    response = await site.client.get("/docs")

    assert "Content-Security-Policy" not in response.headers


async def test_metrics_are_not_reachable(site: Site) -> None:
    """The processes' metrics are only for the inside."""
    response = await site.client.get("/metrics")

    assert response.status == 404
    assert (await response.json())["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/rfis", MIB // 2, 200),
        ("/v1/rfis", MIB // 2 + 1, 413),
        ("/v1/vendors/me", 2 * MIB, 413),
        ("/v1/attachments", MAX_BYTES + MIB // 16, 200),
        ("/v1/attachments/a1/parts/1", MIB, 200),
        ("/v1/attachments", MAX_BYTES + MIB // 16 + 1, 413),
        ("/v1/attachments-of-others", MIB, 413),
    ],
)
async def test_request_bodies_are_limited(site: Site, path: str, size: int, status: int) -> None:
    """512 KiB pass; more is refused."""
    response = await site.client.post(path, data=io.BytesIO(b"x" * size))

    assert response.status == status
    if status == 200:
        assert (await response.json())["bytes"] == size
    else:
        problem = await response.json(content_type="application/problem+json")
        assert problem["code"] == "payload_too_large"
        assert problem["status"] == 413
        assert set(problem) == {
            "type", "title", "status", "detail", "code", "errors", "request_id",
        }  # fmt: skip


async def test_an_oversized_header_gets_a_problem(site: Site) -> None:
    """Oversized request headers get 431 in the form of every other error."""
    response = await site.client.get("/v1/rfis", headers={"X-Long": "x" * 9000})

    assert response.status == 431
    problem = await response.json(content_type="application/problem+json")
    assert problem["code"] == "payload_too_large"


async def test_unavailable_rest_gets_a_problem_with_a_retry_time(site: Site) -> None:
    """While REST is down, callers get `unavailable`, with the request's id and a time to wait."""
    await site.rest.stop()

    response = await site.client.get("/v1/rfis", headers={"X-Request-Id": "abc-1"})

    assert response.status == 502
    assert response.headers["Retry-After"] == "1"
    problem = await response.json(content_type="application/problem+json")
    assert problem["code"] == "unavailable"
    assert problem["request_id"] == "abc-1" == response.headers["X-Request-Id"]

    await site.rest.start()
    assert (await site.client.get("/v1/rfis")).status == 200


async def test_the_client_address_comes_from_the_trusted_proxy(site: Site) -> None:
    """The client is the first address that is not a trusted proxy's; an invented one is ignored."""
    given = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "https"}

    answer = await (await site.client.get("/v1/me", headers=given)).json()

    assert answer["headers"]["x-forwarded-for"] == "203.0.113.7"
    assert answer["headers"]["x-forwarded-proto"] == "https"
    assert answer["headers"]["host"] in site.url


@pytest.mark.parametrize("given", ["trace-42", "bad id\t{}", ""])
async def test_a_request_id_is_kept_or_created(site: Site, given: str) -> None:
    """A harmless id from the client is kept; otherwise a new one of 32 digits is created."""
    answer = await (await site.client.get("/v1/me", headers={"X-Request-Id": given})).json()

    arrived = answer["headers"]["x-request-id"]
    assert arrived == given if given == "trace-42" else len(arrived) == 32


async def test_only_a_trusted_proxy_may_begin_a_trace(
    site: Site, page: Path, tmp_path: Path
) -> None:
    """A client could otherwise have all of its requests recorded."""
    begun = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    trusting_nobody = {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_RUNTIME_DIR": str(tmp_path / "another"),
        "PARLEY_REST_UPSTREAMS": site.rest.address,
        "PARLEY_REALTIME_UPSTREAMS": f"realtime-1={site.gateways[0].address}",
    }

    by_proxy = await (await site.client.get("/v1/me", headers=begun)).json()
    async with running_nginx(trusting_nobody) as url, aiohttp.ClientSession(url) as client:
        by_client = await (await client.get("/v1/me", headers=begun)).json()

    assert by_proxy["headers"]["traceparent"] == begun["traceparent"]
    assert "traceparent" not in by_client["headers"]


async def test_a_post_to_the_page_is_refused(site: Site) -> None:
    """A POST outside the contract is refused in the form of every other error."""
    response = await site.client.post("/", data=b"x")

    assert response.status == 405
    assert json.loads(await response.text())["code"] == "method_not_allowed"
