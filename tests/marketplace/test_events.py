"""Events as they are encoded for Kafka and decoded again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import events
from marketplace.errors import PermanentError
from marketplace.events import EVENT_TYPES, TOPICS, Event
from tests.builders import NOW
from tests.marketplace.every_event import an_event_of

CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@pytest.mark.parametrize(("name", "version"), EVENT_TYPES)
def test_an_encoded_event_decodes_equal(name: str, version: int) -> None:
    """An encoded event decodes equal, with times as times; nothing of the envelope is lost."""
    event = replace(an_event_of(name), version=version, causation_id="cause")

    read = events.decode(events.encode(event))

    assert read == replace(event, data=read.data)
    assert read.data == EVENT_TYPES[name, version].schema.load(event.data)
    assert read.topic == EVENT_TYPES[name, version].topic


def test_events_have_the_contracts_names() -> None:
    """Event names are `noun.past` and include the ones that consumers depend on."""
    assert {name for name, _ in EVENT_TYPES} >= {
        "vendor.approved",
        "rfi.submitted",
        "quote.submitted",
        "match.offered",
        "conversation.started",
        "message.sent",
        "notification.created",
    }
    assert all(name.count(".") == 1 and name.islower() for name, _ in EVENT_TYPES)


def test_topics_are_those_of_the_contract() -> None:
    """Every event goes to one of the five topics, and no topic is without events."""
    assert {kind.topic for kind in EVENT_TYPES.values()} == set(TOPICS)


def test_an_event_is_encoded_as_the_contracts_json() -> None:
    """The envelope's field names and its time format are those of the contract."""
    event = an_event_of("message.sent")

    record = json.loads(events.encode(event))

    assert set(record) == {
        "id",
        "name",
        "version",
        "key",
        "occurred_at",
        "actor",
        "correlation_id",
        "causation_id",
        "data",
    }
    assert record["occurred_at"] == "2040-05-17T09:30:00.000Z"
    assert record["actor"] == {"account_id": "parley", "role": "system"}
    assert record["data"]["message"]["sent_at"] == "2040-05-17T09:30:00.000Z"


def test_the_envelope_carries_a_trace_context_if_there_is_one() -> None:
    """It is read back as written; the relay replaces it and leaves the rest as it is."""
    event = replace(an_event_of("message.sent"), traceparent=CONTEXT)
    value = events.encode(event)

    assert json.loads(value)["traceparent"] == CONTEXT
    assert events.decode(value).traceparent == CONTEXT
    assert events.continued(value, CONTEXT[:-2] + "00") == value.replace(b"-01", b"-00")


@pytest.mark.parametrize("unusable", [None, "", "no context"])
def test_an_event_with_an_unusable_trace_context_is_an_event(unusable: str | None) -> None:
    """What a context is worth is decided where a trace is continued; the event is handled."""
    record = orjson.loads(events.encode(an_event_of("message.sent")))

    read = events.decode(orjson.dumps(record | {"traceparent": unusable}))

    assert read.traceparent == unusable


@pytest.mark.parametrize(
    "event",
    [
        replace(an_event_of("vendor.updated"), name="vendor.exploded"),
        replace(an_event_of("vendor.updated"), version=99),
        replace(an_event_of("vendor.updated"), data={}),
        replace(an_event_of("message.sent"), data={"message": {"id": "m1"}}),
    ],
    ids=["name", "version", "no data", "half the data"],
)
def test_the_check_of_an_event_finds_an_invalid_event(event: Event) -> None:
    """An event that no consumer could read fails the check, which the in-memory outbox runs."""
    with pytest.raises(ValueError, match=r"no event|does not fit"):
        events.check(event)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"[" * 5_000,
        orjson.dumps({"name": "vendor.updated", "version": 1}),
    ],
    ids=["none", "empty", "text", "bytes", "null", "list", "string", "object", "deep", "partial"],
)
def test_a_malformed_record_is_a_permanent_error(value: bytes | None) -> None:
    """A malformed record raises a permanent error, since no retry could read it."""
    with pytest.raises(PermanentError):
        events.decode(value)


def _record(name: str = "message.sent") -> dict[str, Any]:
    record: dict[str, Any] = orjson.loads(events.encode(an_event_of(name)))
    return record


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "message.exploded"),
        ("name", ["message.sent"]),
        ("version", 2),
        ("version", "1"),
        ("occurred_at", "yesterday"),
        ("occurred_at", "2040-05-17T09:30:00"),
        ("actor", "carla"),
        ("data", None),
        ("data", {"message": {"body": "alone"}}),
        ("id", 7),
    ],
)
def test_an_envelope_with_an_invalid_value_is_a_permanent_error(field: str, value: object) -> None:
    """Unknown names and versions, and values of the wrong type, are refused."""
    with pytest.raises(PermanentError):
        events.decode(orjson.dumps(_record() | {field: value}))


def _add_to_every_object(value: Any) -> Any:
    if isinstance(value, dict):
        grown = {name: _add_to_every_object(inner) for name, inner in value.items()}
        return grown if "coordinates" in value else grown | {"added_later": {"n": 1}}
    return [_add_to_every_object(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "version"), EVENT_TYPES)
def test_fields_of_a_newer_writer_are_ignored(name: str, version: int) -> None:
    """Fields that this reader does not know, at any depth, do not make an event unreadable."""
    record = _record(name)

    read = events.decode(orjson.dumps(_add_to_every_object(record)))

    assert (read.id, read.version) == (record["id"], version)
    assert set(read.data) == set(record["data"])


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for name, inner in items:
        yield from _paths(inner, (*path, name))


def _with(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


@given(name=st.sampled_from([name for name, _ in EVENT_TYPES]), data=st.data())
def test_any_record_is_an_event_or_a_permanent_error(name: str, data: st.DataObject) -> None:
    """No value anywhere in a record makes the reader fail in another way."""
    record = _record(name)
    path = data.draw(st.sampled_from(list(_paths(record))))
    changed = _with(record, path, data.draw(JSON))

    try:
        read = events.decode(orjson.dumps(changed))
    except PermanentError:
        return

    assert (read.name, read.version) in EVENT_TYPES


def test_every_kind_of_event_has_a_sample() -> None:
    """The repository keeps a sample of every event kind as it was first written."""
    assert {sample.stem for sample in SAMPLES} == {
        f"{name}.v{version}" for name, version in EVENT_TYPES
    }


@pytest.mark.parametrize("path", SAMPLES, ids=[sample.stem for sample in SAMPLES])
def test_every_sample_is_still_readable(path: Path) -> None:
    """An event of any version ever written is decoded with all its data."""
    sample = json.loads(path.read_text())

    read = events.decode(orjson.dumps(sample))

    assert f"{read.name}.v{read.version}" == path.stem
    assert read.occurred_at == NOW
    assert (read.id, read.key, read.actor) == (sample["id"], sample["key"], sample["actor"])
    read_as_json = orjson.loads(orjson.dumps(read.data))
    assert set(_paths(sample["data"])) == set(_paths(read_as_json))
