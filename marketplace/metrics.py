"""Metrics as Prometheus text, from the default registry of `prometheus_client`."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    disable_created_metrics,
    generate_latest,
)

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST
# The creation time of each counter would double the lines, and nobody uses it.
disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client


def metrics_text() -> bytes:
    """All metrics of this process in the Prometheus text format."""
    return generate_latest(REGISTRY)
