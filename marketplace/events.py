"""Every event: its name, topic and schema; how it is written to Kafka and read back.

An event is a business fact, named `noun.past`. It is committed together with the state that it
describes, and the relay publishes it. It stays readable: a new version adds a schema and keeps the
old one.

    topic          key                  events
    vendors        vendor_id            vendor.*
    rfis           rfi_id               rfi.*  quote.*
    matches        rfi_id               match.*
    conversations  conversation_id      conversation.*  message.*  notice.added  report.closed
    notifications  account_id           notification.*
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from marketplace.errors import PermanentError
from marketplace.schemas.conversations import ConversationView, EntryView, MessageView
from marketplace.schemas.fast_reader import FastReader
from marketplace.schemas.fields.numbers import Whole
from marketplace.schemas.fields.times import Moment, written
from marketplace.schemas.matches import MatchView
from marketplace.schemas.members import MemberEventView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.reports import ReportView
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.vendors import ReviewView, VendorView


class VendorData(Schema):
    """The vendor after the event, and what was decided about it, if something was."""

    vendor = fields.Nested(VendorView, required=True)
    review = fields.Nested(ReviewView)


class MemberData(Schema):
    """A person who joined or left a vendor's team."""

    member = fields.Nested(MemberEventView, required=True)


class RfiData(Schema):
    """The RFI after the event, and the revision that led to it."""

    rfi = fields.Nested(RfiView, required=True)
    revision = fields.Nested(RevisionView, required=True)


class QuoteData(Schema):
    """The quote after the event; before version 0.2 quotes had no revision."""

    quote = fields.Nested(QuoteView(partial=("revision",)), required=True)


class MatchData(Schema):
    """The match after the event."""

    match = fields.Nested(MatchView, required=True)


class ConversationData(Schema):
    """The conversation that started."""

    conversation = fields.Nested(ConversationView, required=True)


class BlockData(Schema):
    """The conversation, and who blocks it after the event; the event's actor made the change."""

    conversation = fields.Nested(ConversationView, required=True)
    blocked_by = fields.List(fields.String(), required=True)


class MessageData(Schema):
    """The message as it was sent."""

    message = fields.Nested(MessageView, required=True)


class ReportData(Schema):
    """The report after the event."""

    report = fields.Nested(ReportView, required=True)


class EntryData(Schema):
    """An entry other than a message: an edit, a deletion or a notice."""

    entry = fields.Nested(EntryView, required=True)


class NotificationData(Schema):
    """The notification after the event."""

    notification = fields.Nested(NotificationView, required=True)


@dataclass(frozen=True, slots=True)
class EventType:
    """The topic of events with one name and version, and the schema of their data."""

    topic: str
    schema: Schema


TOPICS = ("conversations", "rfis", "vendors", "matches", "notifications")

# noun → its topic, schema and facts
_NOUNS: Mapping[str, tuple[str, type[Schema], tuple[str, ...]]] = {
    "vendor": (
        "vendors",
        VendorData,
        (
            "applied",
            "updated",
            "submitted",
            "approved",
            "rejected",
            "changes_requested",
            "suspended",
            "reinstated",
        ),
    ),
    "rfi": ("rfis", RfiData, ("drafted", "submitted", "revised", "withdrawn", "awarded")),
    "quote": ("rfis", QuoteData, ("submitted", "updated")),
    "match": ("matches", MatchData, ("offered", "accepted", "declined", "closed")),
    "conversation": ("conversations", ConversationData, ("started",)),
    "notice": ("conversations", EntryData, ("added",)),
    "notification": (
        "notifications",
        NotificationData,
        ("created", "sent", "failed", "suppressed"),
    ),
}


def _tolerant(schema: Schema) -> Schema:
    """The schema, changed to ignore unknown fields, including those of nested schemas.

    A newer writer may send fields that this reader does not know; that is no reason to refuse its
    events.
    """
    schema.unknown = EXCLUDE
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            inner.unknown = EXCLUDE
            _tolerant(inner.schema)
    return schema


# (name, version) → its type. An entry is never removed while a topic may still hold such records.
EVENT_TYPES: Mapping[tuple[str, int], EventType] = {
    **{
        (f"{noun}.{fact}", 1): EventType(topic, _tolerant(schema()))
        for noun, (topic, schema, facts) in _NOUNS.items()
        for fact in facts
    },
    ("vendor.member_invited", 1): EventType("vendors", _tolerant(MemberData())),
    ("vendor.member_changed", 1): EventType("vendors", _tolerant(MemberData())),
    ("vendor.member_removed", 1): EventType("vendors", _tolerant(MemberData())),
    ("conversation.blocked", 1): EventType("conversations", _tolerant(BlockData())),
    ("conversation.unblocked", 1): EventType("conversations", _tolerant(BlockData())),
    ("message.sent", 1): EventType("conversations", _tolerant(MessageData())),
    ("message.edited", 1): EventType("conversations", _tolerant(EntryData())),
    ("message.reported", 1): EventType("conversations", _tolerant(ReportData())),
    ("report.closed", 1): EventType("conversations", _tolerant(ReportData())),
    ("message.deleted", 1): EventType("conversations", _tolerant(EntryData())),
}


class _Envelope(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.String(required=True)
    name = fields.String(required=True)
    version = Whole(required=True, least=1)
    key = fields.String(required=True)
    occurred_at = Moment(required=True)
    actor = fields.Dict(required=True)
    correlation_id = fields.String(required=True, allow_none=True)
    causation_id = fields.String(required=True, allow_none=True)
    traceparent = fields.String(allow_none=True)
    data = fields.Dict(required=True)


_ENVELOPE = _Envelope()
_FAST_ENVELOPE = FastReader(_ENVELOPE)
# Nearly all records are chat.
_FAST_DATA = {
    key: FastReader(EVENT_TYPES[key].schema) for key in (("message.sent", 1), ("message.edited", 1))
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event on its way to Kafka, or read from it.

    `data` holds JSON values on the way out. On the way in it holds what the event's schema loads
    (times as `datetime`). `actor` is `{"account_id", "role"}`. `traceparent` is the trace context of
    what caused the event (marketplace/tracing); None if that is not recorded.
    """

    id: str
    name: str
    key: str
    occurred_at: datetime
    actor: dict[str, Any]
    data: dict[str, Any]
    version: int = 1
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None

    @property
    def topic(self) -> str:
        """The topic that the event belongs to."""
        return EVENT_TYPES[self.name, self.version].topic

    @property
    def account_id(self) -> str | None:
        """The account that caused it, or the name of the process that did."""
        account_id: str | None = self.actor.get("account_id")
        return account_id


class UnknownEventError(PermanentError):
    """The name or the version of an event that this version of Parley does not know."""


def check(event: Event) -> None:
    """Check an event against its schema: for tests, since each writer's views are its own.

    Raises:
        ValueError: the event is unknown, or its data does not match its schema.
    """
    kind = EVENT_TYPES.get((event.name, event.version))
    if kind is None:
        raise ValueError(f"no event {event.name} of version {event.version}")
    problems = kind.schema.validate(event.data)
    if problems:
        raise ValueError(f"{event.name}: data does not fit: {problems}")


def encode(event: Event) -> bytes:
    """The event as the value of a Kafka record (JSON)."""
    envelope = {
        "id": event.id,
        "name": event.name,
        "version": event.version,
        "key": event.key,
        "occurred_at": written(event.occurred_at),
        "actor": event.actor,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "data": event.data,
    }
    if event.traceparent is not None:
        envelope["traceparent"] = event.traceparent
    return orjson.dumps(envelope)


def continued(value: bytes, traceparent: str | None) -> bytes:
    """An encoded event with another trace context."""
    return orjson.dumps({**orjson.loads(value), "traceparent": traceparent})


def decode(value: bytes | None) -> Event:
    """The event in a record's value.

    Raises:
        UnknownEventError: a later version wrote it, under a name or version that is new.
        PermanentError: the value is not JSON or not an envelope, or its data does not match the
            schema. A retry cannot help.
    """
    try:
        document = orjson.loads(value or b"")
        envelope = _FAST_ENVELOPE.read(document) or _ENVELOPE.load(document)
        envelope["data"] = _read_data(envelope["name"], envelope["version"], envelope["data"])
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise PermanentError(f"unreadable event: {str(error)[:500]}") from error
    return Event(**envelope)


def _read_data(name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    kind, fast_reader = EVENT_TYPES.get((name, version)), _FAST_DATA.get((name, version))
    if kind is None:
        raise UnknownEventError(f"unknown event {name[:100]} v{version}")
    fast = fast_reader.read(data) if fast_reader is not None else None
    loaded: dict[str, Any] = kind.schema.load(data) if fast is None else fast
    return loaded
