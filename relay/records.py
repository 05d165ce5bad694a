"""Turns committed documents into Kafka records."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from marketplace import events, tracing
from marketplace.domain.conversations import Entry, EntryKind
from marketplace.events import Event
from marketplace.kafka import Record, traces
from marketplace.schemas import views
from marketplace.storage.tail import OutboxRecord
from marketplace.tracing import Kind


@contextmanager
def published(committed: Sequence[OutboxRecord | Entry]) -> Iterator[list[Record]]:
    """The records; those of a trace name the span that lasts until they are sent."""
    with ExitStack() as spans:
        if tracing.is_on():
            yield [_record_in_trace(document, spans) for document in committed]
        else:
            yield [record_of(document) for document in committed]


def record_of(committed: OutboxRecord | Entry) -> Record:
    """The record of an outbox document or of a conversation's entry."""
    if isinstance(committed, OutboxRecord):
        return Record(committed.topic, committed.key, committed.value)
    event = event_of(committed)
    return Record(event.topic, event.key, events.encode(event))


def _record_in_trace(committed: OutboxRecord | Entry, spans: ExitStack) -> Record:
    record = record_of(committed)
    if committed.traceparent is None:
        return record
    name = committed.name if isinstance(committed, OutboxRecord) else views.PUSHES[committed.kind]
    span = tracing.continued(
        committed.traceparent,
        f"publish {name}",
        Kind.PRODUCER,
        traces.attributes(name, record.topic, record.key),
    )
    spans.push(span)
    if span.traceparent is None:
        return record
    return Record(record.topic, record.key, events.continued(record.value, span.traceparent))


def event_of(entry: Entry) -> Event:
    """An entry's event: an entry is its own event, so the entry's id is also the event's."""
    name, data = views.push(entry)
    actor = {"account_id": entry.sender_id}
    if entry.sender_role is not None:  # older entries have none
        actor["role"] = entry.sender_role
    return Event(
        id=entry.id,
        name=name,
        key=entry.conversation_id,
        occurred_at=entry.at,
        actor=actor,
        correlation_id=entry.correlation_id,
        traceparent=entry.traceparent,
        data={"message" if entry.kind is EntryKind.MESSAGE else "entry": data},
    )
