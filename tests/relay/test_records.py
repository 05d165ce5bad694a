"""The Kafka record of a conversation's entry."""

from typing import Any

import orjson
import pytest

from marketplace import events
from marketplace.domain.conversations import EntryKind
from relay.records import event_of, record_of
from tests.builders import a_message

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
