"""Traces: what one request or call caused, in every process, as OpenTelemetry spans.

    spans.py      a span, and the one that is not recorded
    recorder.py   records and exports; the only module that imports opentelemetry

A trace begins at a REST operation, at a call on a socket or at a due timer, and nowhere else. Its
context, a W3C `traceparent`, travels in events, entries, announcements and notifications, and each
process continues it from there. Work that carries no context has no span.

Tracing is off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set. While it is off, every function here
returns a shared value at once, and the recorder is not loaded (5 MB in each process).
"""

from typing import TYPE_CHECKING

from marketplace.tracing.spans import NOT_RECORDED, Attributes, Kind, Span

if TYPE_CHECKING:
    from marketplace.tracing.recorder import Recorder

__all__ = [
    "NOT_RECORDED",
    "Attributes",
    "Kind",
    "Span",
    "begun",
    "configure",
    "continued",
    "is_on",
    "shut_down",
    "span",
    "traceparent",
]

# Docker Swarm and the embedded stack kill a process that takes seconds longer to stop than its work.
FLUSH_WITHIN_S = 2.0

_recorder: "Recorder | None" = None


def configure(process_name: str, endpoint: str) -> None:
    """Export spans to this OTLP/HTTP base URL from now on; an empty one turns tracing off."""
    global _recorder  # noqa: PLW0603 # one for the process, like the loggers
    if not endpoint:
        _recorder = None
        return
    from marketplace.tracing.recorder import Recorder  # noqa: PLC0415 (takes 5 MB and 0.3 s)

    _recorder = Recorder(process_name, endpoint)


def shut_down() -> None:
    """Export what has ended, for at most two seconds, and turn tracing off."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.close(FLUSH_WITHIN_S)


def is_on() -> bool:
    """Whether this process records spans."""
    return _recorder is not None


def begun(
    name: str, kind: Kind, attributes: Attributes | None = None, caller: str | None = None
) -> Span:
    """The first span here of a request or a timer; it continues the caller's trace if `caller` names one.

    The sampler decides whether it is recorded: `OTEL_TRACES_SAMPLER`.
    """
    if _recorder is None:
        return NOT_RECORDED
    return _recorder.begun(name, kind, attributes, caller)


def span(name: str, kind: Kind, attributes: Attributes | None = None) -> Span:
    """A child of the current span; not recorded if there is none, or if it has ended."""
    if _recorder is None:
        return NOT_RECORDED
    return _recorder.child(name, kind, attributes)


def continued(
    parent: str | None, name: str, kind: Kind, attributes: Attributes | None = None
) -> Span:
    """A child of the span that a `traceparent` names; not recorded if it names none."""
    if _recorder is None or parent is None:
        return NOT_RECORDED
    return _recorder.continued(parent, name, kind, attributes)


def traceparent() -> str | None:
    """The current span's context, for whatever continues the work; None if there is none."""
    return None if _recorder is None else _recorder.traceparent()
