"""Logs and metrics as collectors read them."""

import io
import logging
import sys
from collections.abc import Iterator

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from marketplace import telemetry
from marketplace.telemetry import JsonFormatter


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of a process called realtime-1, and its output."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter("realtime-1"))
    logger = logging.getLogger("tests.telemetry")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield logger, output
    logger.removeHandler(handler)


def test_each_log_record_is_one_line_of_json(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    """The object has the level, the process, the logger and any extra fields."""
    logger, output = written

    logger.info("two\nlines of %s", "text", extra={"rfi_id": "r1", "odd": object})

    (line,) = output.getvalue().splitlines()
    record = orjson.loads(line)
    assert record["message"] == "two\nlines of text"
    assert (record["level"], record["process"], record["rfi_id"]) == ("info", "realtime-1", "r1")
    assert record["at"].endswith("+00:00")


def test_an_exception_is_logged_on_one_line(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    """A traceback stays on its line, so that a line-based collector keeps it together."""
    logger, output = written

    try:
        raise KeyError("which")
    except KeyError:
        logger.exception("it failed")

    (line,) = output.getvalue().splitlines()
    assert "KeyError: 'which'" in orjson.loads(line)["exception"]


def test_metrics_are_in_the_prometheus_format() -> None:
    """Prometheus' own parser reads the metrics, and all of ours have the same prefix."""
    text = telemetry.metrics_text().decode()

    names = {family.name for family in text_string_to_metric_families(text)}

    ours = {name for name in names if not name.startswith(("python_", "process_"))}
    assert all(name.startswith("parley_") for name in ours)


def test_a_librarys_repeated_record_is_logged_once_in_ten_seconds() -> None:
    """An outage of Kafka does not fill the disk; our own log records are never suppressed."""
    once = telemetry.RepeatFilter()

    def passes(name: str, at: float) -> bool:
        record = logging.makeLogRecord({"name": name, "msg": "no broker %s", "args": (at,)})
        record.created = at
        return once.filter(record)

    for library in ("aiokafka.conn", "opentelemetry.sdk.trace"):
        assert [passes(library, at) for at in (100.0, 101.0, 109.9, 110.1)] == [
            True,
            False,
            False,
            True,
        ]
    assert [passes("relay.relay", at) for at in (100.0, 100.1)] == [True, True]


def test_secrets_are_masked_everywhere() -> None:
    """Secrets are masked in the message, in extra fields and in a library's traceback."""
    secrets = ("SG.key-of-ours", 'quoted"one')
    formatter = JsonFormatter("notify-1", {secret.replace('"', '\\"') for secret in secrets})
    try:
        raise ValueError(f"Invalid header value b'Bearer {secrets[0]}'")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, f"sent {secrets[1]}", None, sys.exc_info()
        )
    record.header = f"Bearer {secrets[0]}"

    line = formatter.format(record)

    logged = orjson.loads(line)
    assert "Invalid header value" in logged["exception"]
    for secret in secrets:
        assert secret not in str(logged)
