"""Spans as a collector receives them, and what tracing costs and disturbs."""

import asyncio
import logging
import subprocess
import sys
import time
import timeit
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from marketplace import tracing
from marketplace.errors import Code, ParleyError
from marketplace.logs import RepeatFilter
from marketplace.tracing import NOT_RECORDED, Kind
from tests.collector import Collector, traced

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MALFORMED = [
    "",
    "none",
    CALLER.upper(),
    CALLER.replace("00-", "ff-", 1),
    CALLER + "-more",
    "00-" + "0" * 32 + "-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
    CALLER * 1_000,
]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Tracing is on; `tracing.shut_down` exports what has ended."""
    with traced("rest-1") as collector:
        yield collector


def test_a_span_knows_its_process_its_parent_and_its_trace(collector: Collector) -> None:
    """The current span is the parent of what begins within it."""
    with tracing.begun("call send_message", Kind.SERVER, {"parley.call": "send_message"}) as call:
        with tracing.span("insert entries", Kind.CLIENT) as command:
            command.set("db.operation.name", "insert")
        context = tracing.traceparent()
    tracing.shut_down()

    insert, begun = collector.spans
    assert (begun.service, begun.process) == ("rest", "rest-1")
    assert (begun.name, begun.kind) == ("call send_message", "server")
    assert (insert.trace_id, insert.parent_id) == (begun.trace_id, begun.span_id)
    assert insert.attributes == {"db.operation.name": "insert"}
    assert begun.traceparent == context == call.traceparent
    assert begun.parent_id == ""


def test_another_process_continues_a_trace(collector: Collector) -> None:
    """A span continued from a `traceparent` is a child of the span that it names."""
    with tracing.begun("POST /v1/rfis", Kind.SERVER) as begun:
        pass
    with tracing.continued(begun.traceparent, "matching rfi.submitted", Kind.CONSUMER):
        pass
    tracing.shut_down()

    first, second = collector.spans
    assert (second.trace_id, second.parent_id) == (first.trace_id, first.span_id)


@pytest.mark.parametrize("foreign", MALFORMED)
def test_a_malformed_context_is_ignored(collector: Collector, foreign: str) -> None:
    """Work that continues from it has no span; a request that carries it begins a trace."""
    assert tracing.continued(foreign, "push match.offered", Kind.PRODUCER) is NOT_RECORDED
    with tracing.begun("POST /v1/rfis", Kind.SERVER, caller=foreign):
        pass
    tracing.shut_down()

    (begun,) = collector.spans
    assert begun.parent_id == ""


def test_a_callers_trace_is_continued_if_it_is_sampled(collector: Collector) -> None:
    """A load balancer that samples one trace in a hundred decides for Parley too."""
    with tracing.begun("GET /v1/rfis", Kind.SERVER, caller=CALLER):
        pass
    assert tracing.begun("GET /v1/rfis", Kind.SERVER, caller=CALLER[:-1] + "0") is NOT_RECORDED
    tracing.shut_down()

    (span,) = collector.spans
    assert f"00-{span.trace_id}-{span.parent_id}-01" == CALLER


def test_an_unsampled_request_is_recorded_nowhere(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No context travels on, so no other process records a part of it."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    tracing.configure("rest-1", collector.url)

    with tracing.begun("POST /v1/rfis", Kind.SERVER) as begun:
        assert tracing.traceparent() is None
        assert tracing.span("insert rfis", Kind.CLIENT) is NOT_RECORDED

    assert begun is NOT_RECORDED


def test_work_outside_a_trace_has_no_span(collector: Collector) -> None:
    """Polling and health checks would otherwise be most of what a collector stores."""
    assert tracing.span("find notifications", Kind.CLIENT) is NOT_RECORDED
    assert tracing.continued(None, "push typing.updated", Kind.PRODUCER) is NOT_RECORDED


def test_shared_work_is_not_added_to_a_call_that_has_ended(collector: Collector) -> None:
    """A task that writes for several calls was started by one of them, and outlives it."""
    with tracing.begun("call send_message", Kind.SERVER):
        as_in_a_task = copy_context()

    assert as_in_a_task.run(tracing.span, "insert entries", Kind.CLIENT) is NOT_RECORDED


def test_an_error_is_named_and_not_quoted(collector: Collector) -> None:
    """Texts of errors may contain what somebody typed; a refusal is not an error of ours."""
    with pytest.raises(ValueError, match="Carla"), tracing.begun("a defect", Kind.SERVER):
        raise ValueError("Carla Reyes, +13035550100")
    with pytest.raises(ParleyError), tracing.begun("a refusal", Kind.SERVER):
        raise ParleyError(Code.NOT_FOUND, "There is no Carla.")
    with pytest.raises(ParleyError), tracing.begun("an outage", Kind.SERVER):
        raise ParleyError(Code.UNAVAILABLE, "Try again.")
    tracing.shut_down()

    told = [(span.attributes, span.is_error, span.events) for span in collector.spans]
    assert told == [
        ({"error.type": "ValueError"}, True, 0),
        ({"error.type": "not_found"}, False, 0),
        ({"error.type": "unavailable"}, True, 0),
    ]


def test_only_known_ids_are_recorded(collector: Collector) -> None:
    """A payload or a path may be handed over whole: its other fields stay out."""
    with tracing.begun("call send_message", Kind.SERVER) as span:
        span.set_ids({"conversation_id": "c-1", "body": "Is it the trap?", "rfi_id": None})
    tracing.shut_down()

    assert collector.spans[0].attributes == {"parley.conversation_id": "c-1"}


async def test_each_task_has_its_own_current_span(collector: Collector) -> None:
    """Calls that run concurrently do not become each other's parents."""

    async def call(name: str) -> None:
        with tracing.begun(name, Kind.SERVER):
            await asyncio.sleep(0)
            with tracing.span(f"{name} inner", Kind.CLIENT):
                await asyncio.sleep(0)

    await asyncio.gather(call("a"), call("b"))
    await asyncio.to_thread(tracing.shut_down)

    by_name = {span.name: span for span in collector.spans}
    for name in ("a", "b"):
        assert by_name[f"{name} inner"].parent_id == by_name[name].span_id


# --- off ------------------------------------------------------------------------------------------


def test_no_span_is_created_while_tracing_is_off() -> None:
    """Every function returns the shared span or None, and no context leaves the process."""
    tracing.configure("rest-1", "")

    assert not tracing.is_on()
    assert tracing.begun("POST /v1/rfis", Kind.SERVER, caller=CALLER) is NOT_RECORDED
    assert tracing.span("insert rfis", Kind.CLIENT) is NOT_RECORDED
    assert tracing.continued(CALLER, "push match.offered", Kind.PRODUCER) is NOT_RECORDED
    assert tracing.traceparent() is None


def test_the_exporter_is_not_loaded_while_tracing_is_off() -> None:
    """Memory and start-up time stay as they were; redis-py loads OpenTelemetry's metrics itself."""
    program = (
        "import sys; from marketplace import process, tracing; tracing.configure('rest-1', '');"
        "sys.exit('opentelemetry.sdk.trace' in sys.modules or 'opentelemetry.exporter' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603


def test_tracing_costs_less_than_a_microsecond_while_it_is_off() -> None:
    """A call on the socket passes a handful of these; it has some 100 µs."""
    tracing.configure("rest-1", "")
    number = 200  # a tenth of a millisecond, which a busy machine often leaves undisturbed

    def begin_and_end() -> None:
        with tracing.continued(None, "push", Kind.PRODUCER):
            pass

    for work in (begin_and_end, tracing.traceparent):
        assert min(timeit.repeat(work, number=number, repeat=500)) / number < 1e-6


# --- without a collector --------------------------------------------------------------------------


def test_an_unreachable_collector_disturbs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Spans are dropped, work goes on at once, the log stays short, and the exit is not delayed."""
    caplog.handler.addFilter(once := RepeatFilter())
    tracing.configure("rest-1", NOWHERE)
    began_at = time.monotonic()
    try:
        for _ in range(10_000):
            with tracing.begun("GET /v1/rfis", Kind.SERVER):
                pass
        worked_s = time.monotonic() - began_at
        tracing.shut_down()
        took_s = time.monotonic() - began_at
    finally:
        caplog.handler.removeFilter(once)

    # 10,000 spans at up to 100 µs, on a machine that may be busy; each attempt to connect takes 1 s.
    assert worked_s < 60
    assert took_s < worked_s + tracing.FLUSH_WITHIN_S + 1
    about_traces = [record for record in caplog.records if record.name.startswith("opentelemetry")]
    assert 1 <= len(about_traces) <= 5
    assert all(record.levelno >= logging.WARNING for record in about_traces)
