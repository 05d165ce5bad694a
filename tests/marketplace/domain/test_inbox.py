"""What a list of conversations shows, and in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.domain.conversations import EntryKind
from marketplace.domain.inbox import (
    InboxQuery,
    InboxRow,
    InboxState,
    Place,
    is_archived,
    last_entry,
    preview,
)
from tests.builders import NOW, a_conversation, a_deletion, a_message, a_notice, an_edit


def a_row(**named: object) -> InboxRow:
    """A read conversation that was active now."""
    conversation = a_conversation()
    row = {
        "conversation": conversation,
        "account_id": conversation.participants[0].account_id,
        "active_at": NOW,
        "read_sequence": 0,
        "unread": 0,
        "last_entry": None,
        "is_muted": False,
        "is_archived": False,
        "rfi": None,
    }
    return InboxRow(**{**row, **named})  # type: ignore[arg-type] # each test names fields of it


def test_a_preview_is_one_line_of_at_most_120_characters() -> None:
    """Line breaks and runs of spaces become one space, and a cut is shown."""
    assert preview("Hello,\n\n  could you\tcome?") == "Hello, could you come?"
    assert preview("x" * 120) == "x" * 120
    assert preview("x" * 8_000) == "x" * 119 + "…"
    assert preview(" " * 8_000 + "x") == ""
    assert preview(None) == ""


def test_a_last_entry_shows_the_fields_of_its_kind() -> None:
    """A deletion shows no text, and a notice has a code."""
    message = last_entry(a_message(sender_id="carla", sequence=3, body="Hi"))
    assert (message.kind, message.sender_id, message.preview) == (EntryKind.MESSAGE, "carla", "Hi")
    edit = last_entry(an_edit(sender_id="carla", body="Hey"))
    assert (edit.kind, edit.preview) == (EntryKind.EDIT, "Hey")
    deletion = last_entry(a_deletion(sender_id="carla"))
    assert (deletion.kind, deletion.sender_id, deletion.preview) == (
        EntryKind.DELETION,
        "carla",
        "",
    )


def test_a_notice_does_not_reveal_who_caused_it() -> None:
    """Otherwise the list would say who blocked a conversation."""
    notice = last_entry(a_notice(code="conversation_closed", sender_id="carla"))

    assert (notice.code, notice.sender_id) == ("conversation_closed", None)


def test_the_next_entry_ends_the_archiving() -> None:
    """It needs no write of its own, so no order of writes can lose it."""
    assert is_archived(5, 5)
    assert not is_archived(5, 6)
    assert is_archived(0, 0)
    assert not is_archived(None, 0)


@pytest.mark.parametrize("at", [NOW, NOW + timedelta(milliseconds=1), NOW - timedelta(days=30_000)])
def test_a_written_place_reads_back_equal(at: object) -> None:
    """Cursors keep the millisecond."""
    place = Place(at, "c-1")  # type: ignore[arg-type] # a datetime

    assert Place.parsed(place.written()) == place


def test_places_sort_by_time_and_then_by_id() -> None:
    """Two conversations of one moment have a place each."""
    later = NOW + timedelta(milliseconds=1)

    assert Place(NOW, "b") > Place(NOW, "a")
    assert Place(later, "a") > Place(NOW, "b")


def test_a_query_admits_only_matching_rows() -> None:
    """By state, by unread messages, and what is before its cursor."""
    active, archived = a_row(), a_row(is_archived=True)
    every = InboxQuery("carla", state=InboxState.ANY)

    assert [InboxQuery("carla").admits(row) for row in (active, archived)] == [True, False]
    only = InboxQuery("carla", state=InboxState.ARCHIVED)
    assert [only.admits(row) for row in (active, archived)] == [False, True]
    assert every.admits(active)
    assert every.admits(archived)
    assert not InboxQuery("carla", before=active.place).admits(active)
    assert InboxQuery("carla", is_unread=True).admits_unread(a_row(unread=1))
    assert not InboxQuery("carla", is_unread=True).admits_unread(active)
    assert InboxQuery("carla", is_unread=False).admits_unread(active)


@pytest.mark.parametrize("floor", [None, Place(NOW, "c-9")])
def test_a_query_continues_from_its_own_position(floor: Place | None) -> None:
    """A cursor keeps the place that it continues after, and how far down places were compared."""
    place = Place(NOW + timedelta(milliseconds=7), "c-1")
    query = InboxQuery("carla", text="sink", floor=floor)

    following = InboxQuery("carla", text="sink").continued(query.position_after(place))

    assert following == replace(query, before=place)
