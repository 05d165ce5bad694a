"""The Kafka record of a conversation's entry."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from marketplace import events, tracing
from marketplace.domain.conversations import Entry, EntryKind
from marketplace.storage.tail import OutboxRecord
from marketplace.tracing import Kind
from relay.records import event_of, published, record_of
from tests.builders import a_message
from tests.collector import traced
from tests.marketplace.every_event import an_event_of

KINDS: dict[EntryKind, dict[str, Any]] = {
    EntryKind.MESSAGE: {},
    EntryKind.EDIT: {"message_id": "m-1", "body": "Better so"},
    EntryKind.DELETION: {"message_id": "m-1"},
    EntryKind.NOTICE: {"code": "quote_submitted", "data": {"quote_id": "q-1"}},
}


@pytest.mark.parametrize("kind", EntryKind)
def test_an_entrys_record_matches_the_schema_of_its_event(kind: EntryKind) -> None:
    """The relay does not validate entries, for speed, so this test does."""
    entry = a_message(kind=kind, sequence=3, correlation_id="c-1", **KINDS[kind])

    record = record_of(entry)

    assert orjson.loads(record.value) == orjson.loads(events.encode(event_of(entry)))
    assert events.decode(record.value).id == entry.id
    assert (record.topic, record.key) == ("conversations", entry.conversation_id)


def _committed(traceparent: str | None) -> list[OutboxRecord | Entry]:
    """An event in the outbox and a message, both with this context."""
    event = replace(an_event_of("rfi.submitted"), traceparent=traceparent)
    value = events.encode(event)
    record = OutboxRecord(event.id, event.topic, event.key, event.name, value, 2, traceparent)
    return [record, a_message(traceparent=traceparent)]


def test_a_record_of_a_trace_names_the_span_in_which_it_was_sent() -> None:
    """The consumer's span becomes a child of the relay's, which is a child of the request's."""
    with traced("relay") as collector:
        with tracing.begun("POST /v1/rfis/{rfi_id}/submit", Kind.SERVER) as request:
            committed = _committed(request.traceparent)
        with published(committed) as records:
            sent = [events.decode(record.value).traceparent for record in records]
            plain = [events.decode(record_of(document).value) for document in committed]
            assert [replace(events.decode(r.value), traceparent=None) for r in records] == [
                replace(event, traceparent=None) for event in plain
            ]
        tracing.shut_down()

    first, *spans = collector.spans
    assert {span.name for span in spans} == {"publish rfi.submitted", "publish message.sent"}
    assert {span.traceparent for span in spans} == set(sent)
    assert {span.parent_id for span in spans} == {first.span_id}


def test_a_relay_without_traces_passes_the_context_on() -> None:
    """While tracing is rolled out, the consumer's span is a child of the request's."""
    context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with published(_committed(context)) as records:
        assert {events.decode(record.value).traceparent for record in records} == {context}
    with published(_committed(None)) as records:
        assert all(b"traceparent" not in record.value for record in records)
