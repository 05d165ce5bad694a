"""What was committed, as a Kafka record."""

from marketplace import events
from marketplace.domain import views
from marketplace.domain.conversations import Entry, EntryKind
from marketplace.events import Event
from marketplace.kafka import Record
from marketplace.storage.tail import OutboxRecord


def record_of(committed: OutboxRecord | Entry) -> Record:
    """The record of an outbox document or of a conversation's entry."""
    if isinstance(committed, OutboxRecord):
        return Record(committed.topic, committed.key, committed.value)
    event = event_of(committed)
    return Record(event.topic, event.key, events.encode_checked(event))


def event_of(entry: Entry) -> Event:
    """An entry's event: a chat message is its own event, and the entry's id is the event's."""
    name, data = views.push(entry)
    actor = {"account_id": entry.sender_id}
    if entry.sender_role is not None:  # entries of before it was kept have none
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
