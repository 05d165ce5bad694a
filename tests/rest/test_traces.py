"""The span of a REST operation: where a trace begins, or continues a proxy's."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from marketplace import tracing
from marketplace.ids import new_id
from tests.collector import Collector, ReceivedSpan, collecting
from tests.rest.people import Rest

BY_PROXY = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest_asyncio.fixture
async def collector(rest: Rest) -> AsyncIterator[Collector]:
    """Tracing is on while the service runs."""
    with collecting() as collector:
        tracing.configure("rest-1", collector.url)
        yield collector
        await asyncio.to_thread(tracing.shut_down)


async def spans_of(collector: Collector) -> list[ReceivedSpan]:
    """What has ended."""
    await asyncio.to_thread(tracing.shut_down)
    return collector.spans


async def test_an_operation_is_named_by_its_route(rest: Rest, collector: Collector) -> None:
    """No span has the path or the query, which contain what the client wrote."""
    request_id = new_id()

    await rest.client.get("/v1/categories?no=one", headers={"X-Request-Id": request_id})
    await rest.client.get("/v1/categories", headers={"X-Request-Id": request_id})

    refused, answered = await spans_of(collector)
    assert {refused.name, answered.name} == {"GET /v1/categories"}
    assert (refused.attributes["error.type"], refused.is_error) == ("validation_failed", False)
    assert answered.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/categories",
        "http.response.status_code": 200,
        "parley.correlation_id": request_id,
    }


async def test_the_trace_of_a_proxy_is_continued(rest: Rest, collector: Collector) -> None:
    """nginx lets only trusted proxies send the header."""
    await rest.client.get("/v1/categories", headers={"traceparent": BY_PROXY})

    (span,) = await spans_of(collector)
    assert f"00-{span.trace_id}-{span.parent_id}-01" == BY_PROXY


async def test_health_checks_begin_no_trace(rest: Rest, collector: Collector) -> None:
    """Somebody asks every few seconds."""
    for path in ("/health/live", "/health/ready", "/openapi.json"):
        await rest.client.get(path)

    assert await spans_of(collector) == []
