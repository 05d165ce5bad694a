"""Counts and durations of requests, by route and never by address."""

import time

from prometheus_client import Counter, Histogram
from sanic.constants import HTTP_METHODS

from rest.requests import RestRequest

_KNOWN_METHODS = frozenset(str(method) for method in HTTP_METHODS)
_REQUESTS = Counter(
    "parley_rest_requests_total", "Requests that got a response", ["route", "method", "status"]
)
_SECONDS = Histogram(
    "parley_rest_request_seconds",
    "Time from a request's head to its response",
    ["route", "method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)


def observe(request: RestRequest, status: int) -> None:
    """Count a response. Labels come from closed lists, so that a scanner cannot multiply them."""
    route = request.route.ctx.path if request.route is not None else "none"
    method = request.method if request.method in _KNOWN_METHODS else "other"
    _REQUESTS.labels(route, method, status).inc()
    _SECONDS.labels(route, method).observe(time.perf_counter() - request.started_at)
