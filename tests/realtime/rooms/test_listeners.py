"""In a room of which some follow the numbers and others only listen, each gets what it should."""

import pytest

from marketplace.ports import Announcement
from realtime.room import Room
from realtime.rooms import Rooms
from tests.realtime.rooms.recorders import ROOM, Feed, Transport, entry


@pytest.fixture
def room(transport: Transport) -> Room:
    """A room with a listener."""
    room = Room(ROOM, None, transport)
    room.listen("old")
    return room


def _join(room: Room, feed: Feed, connection_id: str, position: int) -> bool:
    room.begin_join(lambda: feed)
    try:
        return room.settle(connection_id, position)
    finally:
        room.end_join()


async def test_a_listener_gets_every_push_as_announced(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Numbers in any order, gaps and repeats included: as before there were numbers."""
    for number in (2, 1, 5, 5):
        room.receive(entry(number))
    room.receive(Announcement(ROOM, "inbox.updated", {}))

    assert transport.got == {"old": [2, 1, 5, 5, 0]}
    assert feed.reads == []


async def test_gaps_are_filled_for_members_and_not_for_listeners(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A lost push is read from the store for the member, before the next one."""
    assert _join(room, feed, "new", 3)
    feed.last = 5

    room.receive(entry(5))
    await transport.until("new", [4, 5])

    assert transport.got["old"] == [5]


async def test_a_listener_that_joins_gets_no_push_twice(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """What it was pushed while it joined must be in its snapshot."""
    room.begin_join(lambda: feed)
    room.receive(entry(4))

    assert not room.settle("old", 3)
    assert room.settle("old", 4)
    room.end_join()
    room.receive(entry(5))

    assert transport.got == {"old": [4, 5]}


async def test_numbers_heard_without_a_member_do_not_delay_a_join(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The numbers of an earlier epoch must not hold up a join."""
    room.receive(entry(900))
    assert _join(room, feed, "new", 2)
    room.forget("new")
    room.receive(entry(901))

    assert _join(room, feed, "new", 1)
    room.receive(entry(2))

    assert transport.got["new"] == [2]


async def test_a_push_without_a_number_reaches_members_and_listeners(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The previous version of Parley announces all of an account's pushes so."""
    assert _join(room, feed, "new", 3)

    room.receive(Announcement(ROOM, "match.offered", {}))

    assert transport.got == {"new": [0], "old": [0]}


async def test_only_members_get_a_gap_after_a_restore(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A listener never had a number that could be wrong now."""
    assert _join(room, feed, "new", 3)
    feed.epoch = "1"

    room.check(1, 3)

    (gap,) = transport.gaps
    assert (gap["head"], gap["is_snapshot"]) == (1, True)
    assert "old" not in transport.got


async def test_a_room_stays_open_until_its_last_listener_leaves(
    feed: Feed, transport: Transport
) -> None:
    """Leaving as a member or as a listener is the same call."""
    rooms = Rooms(transport)
    await rooms.listen(ROOM, "a")
    room = await rooms.enter(ROOM, lambda: feed)
    room.settle("b", 0)
    rooms.abandon(room)

    rooms.leave(ROOM, "a")
    rooms.receive(entry(1))
    rooms.leave(ROOM, "b")
    rooms.receive(entry(2))

    assert transport.got == {"b": [1]}
    assert await rooms.enter(ROOM, lambda: feed) is not room


async def test_heads_are_checked_only_in_rooms_with_members(
    feed: Feed, transport: Transport
) -> None:
    """Thousands of listeners cost no query."""
    rooms = Rooms(transport)
    await rooms.listen(ROOM, "a")
    feed.last = 2

    await rooms.check_heads()
    assert transport.got == {}

    room = await rooms.enter(ROOM, lambda: feed)
    room.settle("a", 0)
    rooms.abandon(room)
    await rooms.check_heads()
    await transport.until("a", [1, 2])
