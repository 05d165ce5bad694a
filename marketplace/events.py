"""Every event: its name, topic and schema; how it is written to Kafka and read back.

An event is a business fact, named `noun.past`.  It is committed together with the state it tells
of, leaves through the relay, and stays readable: a new version adds a schema and keeps the old one.

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
from marketplace.schemas.fields import Moment, Whole, written
from marketplace.schemas.matches import MatchView
from marketplace.schemas.notifications import NotificationView
from marketplace.schemas.quotes import QuoteView
from marketplace.schemas.reports import ReportView
from marketplace.schemas.rfis import RevisionView, RfiView
from marketplace.schemas.vendors import VendorView


class VendorData(Schema):
    """The vendor after the fact."""

    vendor = fields.Nested(VendorView, required=True)


class RfiData(Schema):
    """The RFI after the fact, and the revision that led there."""

    rfi = fields.Nested(RfiView, required=True)
    revision = fields.Nested(RevisionView, required=True)


class QuoteData(Schema):
    """The quote after the fact; before version 0.2 it had no revision."""

    quote = fields.Nested(QuoteView(partial=("revision",)), required=True)


class MatchData(Schema):
    """The match after the fact."""

    match = fields.Nested(MatchView, required=True)


class ConversationData(Schema):
    """The conversation that began."""

    conversation = fields.Nested(ConversationView, required=True)


class BlockData(Schema):
    """The conversation, and who blocks it after the fact; who did it is the event's actor."""

    conversation = fields.Nested(ConversationView, required=True)
    blocked_by = fields.List(fields.String(), required=True)


class MessageData(Schema):
    """The message as it was sent."""

    message = fields.Nested(MessageView, required=True)


class ReportData(Schema):
    """The report after the fact."""

    report = fields.Nested(ReportView, required=True)


class EntryData(Schema):
    """An entry that is not a message: an edit, a deletion, a notice."""

    entry = fields.Nested(EntryView, required=True)


class NotificationData(Schema):
    """The notification after the fact."""

    notification = fields.Nested(NotificationView, required=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """Where events of one name and version go, and what their data must look like."""

    topic: str
    schema: Schema


TOPICS = ("conversations", "rfis", "vendors", "matches", "notifications")

# noun → its topic, schema and facts
_NOUNS: Mapping[str, tuple[str, type[Schema], tuple[str, ...]]] = {
    "vendor": (
        "vendors",
        VendorData,
        ("applied", "updated", "submitted", "approved", "rejected", "suspended", "reinstated"),
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
    """The schema, passing over fields it does not know, also in what is nested in it.

    A newer writer may say more than this reader knows; that is no reason to refuse its events.
    """
    schema.unknown = EXCLUDE
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            inner.unknown = EXCLUDE
            _tolerant(inner.schema)
    return schema


# (name, version) → kind.  An entry is never taken out while a topic may still hold such records.
KINDS: Mapping[tuple[str, int], Kind] = {
    **{
        (f"{noun}.{fact}", 1): Kind(topic, _tolerant(schema()))
        for noun, (topic, schema, facts) in _NOUNS.items()
        for fact in facts
    },
    ("conversation.blocked", 1): Kind("conversations", _tolerant(BlockData())),
    ("conversation.unblocked", 1): Kind("conversations", _tolerant(BlockData())),
    ("message.sent", 1): Kind("conversations", _tolerant(MessageData())),
    ("message.edited", 1): Kind("conversations", _tolerant(EntryData())),
    ("message.reported", 1): Kind("conversations", _tolerant(ReportData())),
    ("report.closed", 1): Kind("conversations", _tolerant(ReportData())),
    ("message.deleted", 1): Kind("conversations", _tolerant(EntryData())),
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
    data = fields.Dict(required=True)


_ENVELOPE = _Envelope()
_FAST_ENVELOPE = FastReader(_ENVELOPE)
# Chat is nearly all there is to read.
_FAST_DATA = {
    key: FastReader(KINDS[key].schema) for key in (("message.sent", 1), ("message.edited", 1))
}


@dataclass(frozen=True, slots=True)
class Event:
    """A fact on its way to Kafka, or read from there.

    `data` holds JSON values on the way out, and what the event's schema loads on the way in (times
    as `datetime`).  `actor` is `{"account_id", "role"}`.
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

    @property
    def topic(self) -> str:
        """The topic the event belongs to."""
        return KINDS[self.name, self.version].topic


def encode(event: Event) -> bytes:
    """An event as the value of a Kafka record (JSON).

    Raises:
        ValueError: when the event is not of the list or its data does not fit its schema; that is a
            defect of the writer, found in its tests and not by a consumer.
    """
    kind = KINDS.get((event.name, event.version))
    if kind is None:
        raise ValueError(f"no event {event.name} of version {event.version}")
    problems = kind.schema.validate(event.data)
    if problems:
        raise ValueError(f"{event.name}: data does not fit: {problems}")
    return encode_checked(event)


def encode_checked(event: Event) -> bytes:
    """An event whose data is known to fit, as `encode` writes it.

    For conversation entries, of which thousands a second pass the relay: tests hold their views
    against the schema, and checking each again would cost 100 µs.
    """
    return orjson.dumps(
        {
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
    )


def decode(value: bytes | None) -> Event:
    """The event in a record's value.

    Raises:
        PermanentError: when it is no JSON, no envelope, of an unknown name or version, or its data
            does not fit; no second try can read it.
    """
    try:
        found = orjson.loads(value or b"")
        envelope = _FAST_ENVELOPE.read(found) or _ENVELOPE.load(found)
        envelope["data"] = _read_data(envelope["name"], envelope["version"], envelope["data"])
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise PermanentError(f"not a readable event: {str(error)[:500]}") from error
    return Event(**envelope)


def _read_data(name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    kind, quick = KINDS.get((name, version)), _FAST_DATA.get((name, version))
    if kind is None:
        raise PermanentError(f"unknown event {name[:100]} v{version}")
    read = quick.read(data) if quick is not None else None
    loaded: dict[str, Any] = kind.schema.load(data) if read is None else read
    return loaded
