"""Turns committed documents into Kafka records."""

from marketplace import events
from marketplace.domain.conversations import Entry, EntryKind
from marketplace.events import Event
from marketplace.kafka import Record
from marketplace.schemas import views
from marketplace.storage.tail import OutboxRecord


def record_of(committed: OutboxRecord | Entry) -> Record:
    """The record of an outbox document or of a conversation's entry."""
    if isinstance(committed, OutboxRecord):
        return Record(committed.topic, committed.key, committed.value)
    event = event_of(committed)
    return Record(event.topic, event.key, events.encode(event))


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
        data={"message" if entry.kind is EntryKind.MESSAGE else "entry": data},
    )
