"""The span in which a consumer group handles an event."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from marketplace import tracing
from marketplace.errors import TemporaryError
from marketplace.kafka import traces
from tests.collector import Collector, traced
from tests.marketplace.every_event import an_event_of

PUBLISHED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Tracing is on."""
    with traced("matching") as collector:
        yield collector


def test_the_effects_of_an_event_belong_to_its_trace(collector: Collector) -> None:
    """The span is the current one, and a child of the one that the envelope names."""
    event = replace(an_event_of("rfi.submitted"), traceparent=PUBLISHED)

    with traces.handling("matching", [event]) as (handled,):
        assert tracing.traceparent() == handled.traceparent
    tracing.shut_down()

    (span,) = collector.spans
    assert (span.name, span.kind, span.parent_id) == (
        "matching rfi.submitted",
        "consumer",
        "b7ad6b7169203331",
    )
    assert handled == replace(event, traceparent=span.traceparent)
    assert span.attributes["parley.rfi_id"] == event.key


def test_each_event_of_a_batch_has_its_own_trace(collector: Collector) -> None:
    """None of their spans is the current one; an event without a context gets none."""
    alone = an_event_of("message.sent")
    batch = [replace(alone, traceparent=PUBLISHED), alone, replace(alone, traceparent="no context")]

    with traces.handling("notify", batch) as (traced, untraced, foreign):
        assert tracing.traceparent() is None
    tracing.shut_down()

    (span,) = collector.spans
    assert traced.traceparent == span.traceparent
    assert (untraced, foreign) == (batch[1], batch[2])


def test_each_attempt_has_a_span(collector: Collector) -> None:
    """A trace shows why an event was handled late."""
    event = replace(an_event_of("rfi.submitted"), traceparent=PUBLISHED)

    with pytest.raises(TemporaryError), traces.handling("matching", [event]):
        raise TemporaryError("MongoDB: AutoReconnect")
    with traces.handling("matching", [event]):
        pass
    tracing.shut_down()

    assert [span.attributes.get("error.type") for span in collector.spans] == [
        "TemporaryError",
        None,
    ]


def test_a_group_without_traces_hands_the_events_on() -> None:
    """A notification still continues the trace that reached this process."""
    event = replace(an_event_of("rfi.submitted"), traceparent=PUBLISHED)

    with traces.handling("matching", [event]) as handled:
        assert handled == [event]
