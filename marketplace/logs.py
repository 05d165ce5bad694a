"""Logs: one JSON object per line on standard output, the same in every process.

    LOG = get_logger(__name__)
    LOG.warning("Redis is unreachable", why=str(error))

Libraries log with `logging`, so structlog hands our records over to it, and all take one way:

    LOG ─▶ logging ─▶ RepeatFilter ─▶ formatter: extra fields, ids of the origin, JSON, no secrets

A line within a request, a call, a record or a notification has the ids of its origin: whatever
logs it need not know them. The origin is an object that exists anyway, such as an `Actor`, and its
ids are read only when a line is written, because binding happens 10,000 times a second.
"""

import logging
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import structlog
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

# The ids that an origin may have, in the order in which a line has them.
IDS = ("request_id", "correlation_id", "account_id")

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_args_and_kwargs],
    wrapper_class=BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


class Origin(Protocol):
    """What a line belongs to; a REST request also has a `request_id`."""

    @property
    def correlation_id(self) -> str | None:
        """The id of the request or connection that started the chain of events."""

    @property
    def account_id(self) -> str | None:
        """The account that the work is done for."""


_ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)


def get_logger(name: str) -> BoundLogger:
    """The logger of a module; keywords become fields of the line.

    Fields are ids, counts, names and reasons, never what people wrote, addresses or tokens.
    """
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(origin: Origin | None) -> None:
    """Give the lines of the current task an origin, until another is bound or the task ends."""
    _ORIGIN.set(origin)


@contextmanager
def bound(origin: Origin | None) -> Iterator[None]:
    """Give lines an origin while the context is open."""
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def formatter(process_name: str, secrets: Collection[str] = ()) -> ProcessorFormatter:
    """Formats records, our own and libraries', as lines of JSON without secrets."""
    return ProcessorFormatter(
        processors=[
            ExtraAdder(),
            _add_ids,
            structlog.processors.format_exc_info,
            _Line(process_name, secrets),
        ]
    )


def _add_ids(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    origin = _ORIGIN.get()
    for name in IDS:
        value = getattr(origin, name, None)
        if value is not None:
            fields.setdefault(name, value)
    return fields


class _Line:
    """Renders the fields of a record.

    Secrets are removed from the whole line: a library's error or traceback may contain a header.
    """

    def __init__(self, process_name: str, secrets: Collection[str]) -> None:
        self._process_name = process_name
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, _: WrappedLogger, __: str, fields: EventDict) -> str:
        record: logging.LogRecord = fields.pop("_record")
        del fields["_from_structlog"]
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": self._process_name,
            "logger": record.name,
            "message": fields.pop("event"),
        }
        line |= {name: value for name, value in fields.items() if name not in line}
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
    output.setFormatter(formatter(process_name, secrets))
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
