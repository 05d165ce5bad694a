"""An OTLP/HTTP receiver in the test's own process, and the spans that it received."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtobufSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from marketplace import tracing


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span; `parent_id` is empty for the first one of a trace."""

    service: str
    process: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str | int]
    is_error: bool
    events: int

    @property
    def traceparent(self) -> str:
        """The span's context as W3C writes it."""
        return f"00-{self.trace_id}-{self.span_id}-01"


class Collector:
    """What a collector at `url` received."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[ReceivedSpan] = []

    def named(self, name: str, **attributes: str | int) -> list[ReceivedSpan]:
        """The spans with this name and these attributes; `a__b` stands for `a.b`."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return [
            span
            for span in self.spans
            if span.name == name and wanted.items() <= span.attributes.items()
        ]

    def path(self, span: ReceivedSpan) -> list[tuple[str, str]]:
        """The processes and names from a span up to the first one of its trace.

        Raises:
            KeyError: a parent was not received.
        """
        by_id = {other.span_id: other for other in self.spans}
        found = [span]
        while found[-1].parent_id:
            parent = by_id[found[-1].parent_id]
            assert parent.trace_id == span.trace_id
            found.append(parent)
        return [(each.process, each.name) for each in found]

    def take(self, body: bytes) -> None:
        """Add the spans of an export."""
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _values(resource_spans.resource.attributes)
            service, process = str(resource["service.name"]), str(resource["service.instance.id"])
            for scope_spans in resource_spans.scope_spans:
                self.spans += [_received(service, process, span) for span in scope_spans.spans]


def _received(service: str, process: str, span: ProtobufSpan) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        process=process,
        name=span.name,
        kind=ProtobufSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        is_error=span.status.code == Status.STATUS_CODE_ERROR,
        events=len(span.events),
    )


def _values(attributes: "list[KeyValue]") -> dict[str, str | int]:
    return {
        attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value") or "")
        for attribute in attributes
    }


@contextmanager
def traced(process_name: str) -> Iterator[Collector]:
    """Turn tracing on while the context is open; `tracing.shut_down` exports what has ended."""
    with collecting() as collector:
        tracing.configure(process_name, collector.url)
        try:
            yield collector
        finally:
            tracing.shut_down()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Receive spans on a free port of this machine while the context is open."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.take(body)
            self.send_response(200)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
