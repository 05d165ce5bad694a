"""Health, metrics, and the documents."""

import pytest

from tests.rest.people import Rest


async def test_live_and_ready(rest: Rest) -> None:
    """A process that works says so, with what it checked."""
    live = await rest.client.get("/health/live")
    ready = await rest.client.get("/health/ready")

    assert live.json() == {"live": True, "process": "test-1"}
    assert ready.json()["ready"] is True
    assert ready.json()["checks"] == {"mongodb": "ok"}


async def test_not_ready_while_draining(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is told to stop is no longer ready, and still live."""
    rest.process.stopping.set()
    try:
        ready = await rest.client.get("/health/ready")
        live = await rest.client.get("/health/live")
    finally:
        rest.process.stopping.clear()

    assert ready.status_code == 503
    assert ready.json()["draining"] is True
    assert live.status_code == 200


async def test_metrics_by_route(rest: Rest) -> None:
    """Requests are counted by route and not by address, so the number of series is bounded."""
    for n in range(3):
        await rest.client.get(f"/v1/vendors/nobody{n}")
        await rest.client.get(f"/nothing/{n}")

    text = (await rest.client.get("/metrics")).text

    assert 'method="GET",route="/v1/vendors/{vendor_id}",status="404"' in text
    assert 'parley_rest_requests_total{method="GET",route="none",status="404"}' in text
    assert 'parley_rest_request_seconds_bucket{le="0.1",method="GET"' in text
    assert "nobody1" not in text
