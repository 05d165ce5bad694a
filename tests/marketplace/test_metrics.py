"""Metrics as collectors read them."""

from prometheus_client.parser import text_string_to_metric_families

from marketplace import metrics


def test_metrics_are_in_the_prometheus_format() -> None:
    """Prometheus' own parser reads the metrics, and all of ours have the same prefix."""
    text = metrics.metrics_text().decode()

    names = {family.name for family in text_string_to_metric_families(text)}

    ours = {name for name in names if not name.startswith(("python_", "process_"))}
    assert all(name.startswith("parley_") for name in ours)
