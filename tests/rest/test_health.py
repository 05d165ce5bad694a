"""Health and metrics."""

import asyncio

import pytest

from tests.rest.people import Rest


async def test_a_working_process_is_live_and_ready(rest: Rest) -> None:
    """A working process is live and ready, and names its checks."""
    live = await rest.client.get("/health/live")
    ready = await rest.client.get("/health/ready")

    assert live.json() == {"live": True, "process": "test-1"}
    assert ready.json()["ready"] is True
    assert ready.json()["checks"] == {"mongodb": "ok"}


async def test_a_draining_process_is_live_but_not_ready(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that shuts down is live but no longer ready."""
    rest.process.stopping.set()
    try:
        ready = await rest.client.get("/health/ready")
        live = await rest.client.get("/health/live")
    finally:
        rest.process.stopping.clear()

    assert ready.status_code == 503
    assert ready.json()["draining"] is True
    assert live.status_code == 200


async def test_readiness_checks_run_at_most_once_a_second(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may poll readiness, but MongoDB is checked at most once a second."""
    checks = 0

    async def check() -> None:
        nonlocal checks
        checks += 1

    monkeypatch.setitem(rest.process.checks, "mongodb", check)
    async with asyncio.timeout(5):
        while checks == 0:  # an earlier test's result may be cached for a while
            await rest.client.get("/health/ready")
    began_at, checks = asyncio.get_running_loop().time(), 0
    answers = await asyncio.gather(*(rest.client.get("/health/ready") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert checks <= 1 + asyncio.get_running_loop().time() - began_at


async def test_requests_are_counted_by_route(rest: Rest) -> None:
    """Requests are counted by route, not by path, so the number of series is bounded."""
    for n in range(3):
        await rest.client.get(f"/v1/vendors/nobody{n}")
        await rest.client.get(f"/nothing/{n}")

    text = (await rest.client.get("/metrics")).text

    assert 'method="GET",route="/v1/vendors/{vendor_id}",status="404"' in text
    assert 'parley_rest_requests_total{method="GET",route="none",status="404"}' in text
    assert 'parley_rest_request_seconds_bucket{le="0.1",method="GET"' in text
    assert "nobody1" not in text
