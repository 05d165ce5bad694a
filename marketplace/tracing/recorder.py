"""Records spans with the OpenTelemetry SDK, and exports them over OTLP/HTTP.

A thread of the SDK exports them in batches. At most 2,048 spans wait for it; while the collector is
unreachable the oldest are dropped, and nothing else waits.
"""

import re
import threading
from collections.abc import Mapping
from contextvars import Token
from types import TracebackType

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from marketplace.errors import ParleyError
from marketplace.tracing.spans import IDS, NOT_RECORDED, Attributes, Kind, Span, Value

_KINDS = {kind: SpanKind[kind.name] for kind in Kind}
_W3C = TraceContextTextMapPropagator()


class RecordedSpan(Span):
    """A span that is exported when it ends."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Context] | None = None

    @property
    def traceparent(self) -> str | None:
        return _written(self._span.get_span_context())

    def set(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def set_ids(self, values: Mapping[str, object]) -> None:
        for name in IDS:
            if isinstance(value := values.get(name), str):
                self._span.set_attribute(f"parley.{name}", value)

    def end(self, error: BaseException | str | None = None) -> None:
        if isinstance(error, ParleyError):
            self._span.set_attribute("error.type", error.code.value)
        elif error is not None:
            name = error if isinstance(error, str) else type(error).__name__
            self._span.set_attribute("error.type", name)
        # A refusal is not our failure.
        if error is not None and not (
            isinstance(error, ParleyError) and error.meaning.status < 500
        ):
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def __enter__(self) -> "RecordedSpan":
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            context.detach(self._token)
        self.end(error)


class Recorder:
    """Starts spans, which a thread exports to the collector at `endpoint`."""

    def __init__(self, process_name: str, endpoint: str) -> None:
        # The SDK would wait half a minute for the collector at exit; `close` waits less.
        self._provider = TracerProvider(
            resource=Resource.create(
                {SERVICE_NAME: _service(process_name), SERVICE_INSTANCE_ID: process_name}
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("parley")

    def begun(
        self, name: str, kind: Kind, attributes: Attributes | None, caller: str | None
    ) -> Span:
        """A span without a parent here, in the caller's trace if it names one."""
        parent = Context() if caller is None else _remote(caller)
        return self._started(parent, name, kind, attributes)

    def child(self, name: str, kind: Kind, attributes: Attributes | None) -> Span:
        """A child of the current span, unless there is none or it has ended."""
        if not trace.get_current_span().is_recording():
            return NOT_RECORDED
        return self._started(context.get_current(), name, kind, attributes)

    def continued(self, parent: str, name: str, kind: Kind, attributes: Attributes | None) -> Span:
        """A child of the named span; not recorded if that is not a `traceparent`."""
        found = _remote(parent)
        if not trace.get_current_span(found).get_span_context().is_valid:
            return NOT_RECORDED
        return self._started(found, name, kind, attributes)

    def traceparent(self) -> str | None:
        """The current span's context, if it is recorded."""
        return _written(trace.get_current_span().get_span_context())

    def close(self, within_s: float) -> None:
        """Export what has ended; give up after a while."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(within_s)

    def _started(
        self, parent: Context, name: str, kind: Kind, attributes: Attributes | None
    ) -> Span:
        span = self._tracer.start_span(name, parent, _KINDS[kind], attributes)
        return RecordedSpan(span) if span.is_recording() else NOT_RECORDED


def _service(process_name: str) -> str:
    """A process's name without its number: `realtime-1`, `parley_realtime.1.<task id>`."""
    return re.split(r"[.-][0-9]", process_name, maxsplit=1)[0]


def _remote(traceparent: object) -> Context:
    """The context that a `traceparent` names; an empty one if it is malformed."""
    carrier = {"traceparent": traceparent} if isinstance(traceparent, str) else {}
    return _W3C.extract(carrier, Context())


def _written(span_context: trace.SpanContext) -> str | None:
    if not (span_context.is_valid and span_context.trace_flags.sampled):
        return None
    return f"00-{span_context.trace_id:032x}-{span_context.span_id:016x}-01"
