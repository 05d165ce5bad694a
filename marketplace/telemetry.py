"""Logs and metrics, the same in every process.

Logs are one JSON object per line on standard output, so that any collector can read them without a
custom parser. Metrics are Prometheus text, from the default registry of `prometheus_client`.
"""

import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import orjson
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    disable_created_metrics,
    generate_latest,
)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST
# The creation time of each counter would double the lines, and nobody uses it.
disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON; fields passed as `extra` are added beside the message.

    Secrets are removed from the whole line: a library's error or traceback may contain a header.
    """

    def __init__(self, process_name: str, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._process_name = process_name
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a trailing newline."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": self._process_name,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        written = orjson.dumps(line, default=str).decode()
        for secret in self._secrets:
            written = written.replace(secret, "(secret)")
        return written


class RepeatFilter(logging.Filter):
    """Lets aiokafka and OpenTelemetry log the same message once every ten seconds.

    While Kafka is down aiokafka repeats itself on every retry, 12 kB a second from one consumer.
    OpenTelemetry does so for every span that its full queue drops.
    """

    EVERY_S = 10.0
    REPETITIVE = ("aiokafka", "opentelemetry")

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this message was not logged within the last ten seconds."""
        if not record.name.startswith(self.REPETITIVE):
            return True
        # The template and not the text, so that the table stays as small as the library's source.
        template = (record.name, str(record.msg))
        if record.created - self._logged_at.get(template, 0.0) < self.EVERY_S:
            return False
        self._logged_at[template] = record.created
        return True


def configure_logging(process_name: str, level: str, secrets: Collection[str] = ()) -> None:
    """Log to standard output, one JSON object per line, without secrets."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonFormatter(process_name, secrets))
    output.addFilter(RepeatFilter())
    logging.basicConfig(level=level, handlers=[output], force=True)
    # Libraries that log every connection or coordinator lookup at INFO would drown our lines.
    for noisy in (
        "aiokafka",
        "engineio",
        "socketio",
        "sanic.access",
        "pymongo",
        "aiohttp.access",
        "websockets",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def metrics_text() -> bytes:
    """All metrics of this process in the Prometheus text format."""
    return generate_latest(REGISTRY)
