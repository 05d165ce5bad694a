"""Views for apps, checked against the schemas that document them."""

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.attachments import sent_form
from marketplace.domain.conversations import Channel, Entry, EntryKind
from marketplace.domain.vendors import ListedVendor
from marketplace.events import EVENT_TYPES
from marketplace.schemas.conversations import EntryView, MessageView
from marketplace.schemas.vendors import NearbyVendorView
from marketplace.schemas.views import (
    PUSHES,
    entry_view,
    listed_vendor_view,
    message_view,
    push,
)
from tests.builders import a_deletion, a_message, a_notice, a_place, an_attachment, an_edit

ENTRIES = st.builds(
    replace,
    st.sampled_from([a_message(), an_edit(), a_deletion(), a_notice(), a_notice(data=None)]),
    sequence=st.integers(1, 2**53 - 1),
    at=st.datetimes(timezones=st.just(a_message().at.tzinfo)).map(
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    ),
)
MESSAGES = st.builds(
    a_message,
    sequence=st.integers(1, 2**53 - 1),
    channel=st.sampled_from(Channel),
    body=st.text(min_size=1),
    attachments=st.lists(
        st.builds(
            an_attachment, name=st.text(), bytes=st.integers(0, 2**40), width=st.none() | st.just(7)
        ).map(sent_form),
        max_size=3,
    ).map(tuple),
)


def _json(value: object) -> Any:
    return orjson.loads(orjson.dumps(value))


@given(MESSAGES)
def test_a_messages_view_matches_its_schema(message: Entry) -> None:
    """The hand-written view equals what the schema loads and dumps."""
    view = _json(message_view(message))

    loaded = MessageView().load(view)

    assert MessageView().dump(loaded) == view
    assert loaded["sent_at"] == message.at
    assert loaded["body"] == message.body


@given(ENTRIES | MESSAGES)
def test_an_entrys_view_matches_its_schema(entry: Entry) -> None:
    """The view of every kind of entry matches its schema."""
    view = _json(entry_view(entry))

    loaded = EntryView().load(view)

    assert EntryView().dump(loaded) == view
    assert (loaded["sequence"], loaded["kind"], loaded["at"]) == (
        entry.sequence,
        entry.kind,
        entry.at,
    )


@given(ENTRIES | MESSAGES)
def test_each_kind_of_entry_has_its_own_push(entry: Entry) -> None:
    """The push has its kind's name, the conversation and the sequence."""
    name, data = push(entry)

    assert name == PUSHES[entry.kind]
    assert data["conversation_id"] == entry.conversation_id
    assert data["sequence"] == entry.sequence


def test_a_message_looks_the_same_acknowledged_pushed_and_fetched() -> None:
    """An app needs only one way to read a message."""
    message = a_message(sequence=7)

    acknowledged, (_, pushed), fetched = message_view(message), push(message), entry_view(message)

    assert pushed == acknowledged
    assert {name: fetched[name] for name in acknowledged} == acknowledged
    assert (fetched["kind"], fetched["at"]) == ("message", acknowledged["sent_at"])


def test_every_kind_of_entry_is_also_an_event() -> None:
    """A push and its Kafka event have the same name."""
    assert {(PUSHES[kind], 1) for kind in EntryKind} <= EVENT_TYPES.keys()


def test_a_listed_vendors_view_matches_its_schema() -> None:
    """The view matches its schema with and without the optional fields."""
    listed = ListedVendor(
        id="v1",
        company="Cedar Plumbing",
        categories=("plumbing",),
        location=a_place(-104.99, 39.74),
        radius_m=20_000,
        hours={"mon": "8-17"},
        languages=("en",),
        distance_m=1_234.5,
    )

    for vendor in (listed, replace(listed, company=None, hours=None, languages=())):
        view = _json(listed_vendor_view(vendor))
        assert NearbyVendorView().validate(view) == {}
        assert view.keys() == NearbyVendorView().fields.keys()
