"""Joining and leaving a room: members, their snapshots, and its subscription."""

import asyncio

import pytest

from realtime.connections import Connection
from realtime.room import MAX_RECENT, Room
from realtime.rooms import Rooms
from tests import memory
from tests.builders import NOW, an_actor
from tests.realtime.rooms.recorders import ROOM, Feed, Transport, entry


async def test_a_member_gets_only_what_follows_its_snapshot(
    room: Room, transport: Transport
) -> None:
    """A member that joined with a later snapshot does not get the snapshot's entries again."""
    room.settle("old", 0)
    assert room.settle("new", 2)

    for number in (1, 2, 3):
        room.receive(entry(number))

    assert transport.got == {"old": [1, 2, 3], "new": [3]}


async def test_a_stale_snapshot_is_read_again(room: Room, transport: Transport) -> None:
    """The room advanced while the snapshot was read: joining with it would leave a gap."""
    room.settle("a", 0)
    for number in (1, 2):
        room.receive(entry(number))

    assert not room.settle("b", 1)
    assert room.settle("b", 2)
    room.receive(entry(3))

    assert transport.got["b"] == [3]


async def test_what_was_delivered_during_the_read_follows_the_snapshot(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The room advanced while a snapshot was read: the new member gets the rest, then what comes."""
    room.settle("a", 0)
    room.receive(entry(1))
    room.begin_join(lambda: feed)
    for number in (2, 3, 4):
        room.receive(entry(number))

    assert room.settle("b", 2)
    room.end_join()
    assert "b" not in transport.got  # its acknowledgement is written first
    room.receive(entry(5))
    await asyncio.sleep(0)

    assert transport.got == {"a": [1, 2, 3, 4, 5], "b": [3, 4, 5]}


async def test_a_member_catches_up_although_nothing_else_is_delivered(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The rest is pushed at once, and to no one who has left meanwhile."""
    room.settle("a", 0)
    room.begin_join(lambda: feed)
    room.receive(entry(1))
    assert room.settle("b", 0)
    assert room.settle("c", 0)
    room.forget("c")
    room.end_join()

    await transport.until("b", [1])

    assert "c" not in transport.got


async def test_a_snapshot_from_before_the_kept_pushes_is_read_again(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """At most 200 pushes are kept for those who join."""
    room.settle("a", 0)
    room.begin_join(lambda: feed)
    for number in range(1, MAX_RECENT + 2):
        room.receive(entry(number))

    assert not room.settle("b", 0)
    assert room.settle("b", 1)
    await transport.until("b", list(range(2, MAX_RECENT + 2)))


async def test_a_member_in_limited_view_catches_up_in_limited_form(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """What it missed is limited as what it would have received."""
    room.settle("a", 0)
    room.begin_join(lambda: feed)
    room.receive(entry(1))
    assert room.settle("b", 0, is_limited=True)

    await transport.until("b", [1])

    assert transport.limited == {"b": [1]}


async def test_announcements_before_the_first_member_are_kept(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Joining a long conversation while it advances reads only its end, not all of it."""
    feed.last = 10_002
    room.begin_join(lambda: feed)
    room.receive(entry(10_000))
    room.receive(entry(10_002))
    assert room.settle("a", 10_000)

    await transport.until("a", [10_001, 10_002])

    assert feed.reads == [10_000]


class SlowSubscriber:
    """A subscriber whose subscriptions block until the test releases them."""

    def __init__(self) -> None:
        self.joined: list[str] = []
        self.left: list[str] = []
        self.may_join = asyncio.Event()

    async def join(self, room: str) -> None:
        """Subscribe, once it is released."""
        self.joined.append(room)
        await self.may_join.wait()

    def leave(self, room: str) -> None:
        """Unsubscribe."""
        self.left.append(room)


@pytest.fixture
def subscriber() -> SlowSubscriber:
    """A subscriber that blocks every subscription for now."""
    return SlowSubscriber()


@pytest.fixture
def all_rooms(transport: Transport, subscriber: SlowSubscriber) -> Rooms:
    """Rooms that use the blocking subscriber."""
    rooms = Rooms(transport)
    rooms.subscriber = subscriber  # type: ignore[assignment] # the methods that are used
    return rooms


async def _let_others_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_member_enters_before_the_room_is_subscribed(
    feed: Feed, all_rooms: Rooms, subscriber: SlowSubscriber
) -> None:
    """Nobody enters before the room is subscribed to, not even right after the last one left."""
    subscriber.may_join.set()
    room = await all_rooms.enter(ROOM, lambda: feed)
    room.settle("a", 0)
    all_rooms.abandon(room)
    subscriber.may_join.clear()

    all_rooms.leave(ROOM, "a")
    second = asyncio.create_task(all_rooms.enter(ROOM, lambda: feed))
    third = asyncio.create_task(all_rooms.enter(ROOM, lambda: feed))
    await _let_others_run()

    assert not second.done()
    assert not third.done()
    subscriber.may_join.set()
    assert await second is await third
    assert (subscriber.joined, subscriber.left) == ([ROOM, ROOM], [ROOM])


async def test_a_cancelled_join_leaves_no_subscription(
    feed: Feed, all_rooms: Rooms, subscriber: SlowSubscriber
) -> None:
    """A room that only the cancelled join was waiting for closes."""
    joining = asyncio.create_task(all_rooms.enter(ROOM, lambda: feed))
    await _let_others_run()

    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)

    assert (subscriber.joined, subscriber.left) == ([ROOM], [ROOM])
    assert all_rooms._rooms == {}


async def test_a_cancelled_join_does_not_affect_another(
    feed: Feed, all_rooms: Rooms, subscriber: SlowSubscriber
) -> None:
    """A second caller that is joining the same room enters it through the same subscription."""
    joining = asyncio.create_task(all_rooms.enter(ROOM, lambda: feed))
    other = asyncio.create_task(all_rooms.enter(ROOM, lambda: feed))
    await _let_others_run()

    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    subscriber.may_join.set()
    room = await other

    assert not room.is_empty
    assert (subscriber.joined, subscriber.left) == ([ROOM], [])


async def test_a_connection_that_ended_during_its_join_is_not_a_member(
    feed: Feed, all_rooms: Rooms, subscriber: SlowSubscriber
) -> None:
    """A connection that ended while it joined is no member, and its room closes."""
    subscriber.may_join.set()
    connection = Connection("a", an_actor(), NOW.timestamp(), memory.a_world())
    room = await all_rooms.enter(ROOM, lambda: feed)
    connection.is_gone = True

    room.settle(connection.id, 0)
    connection.add_room(room)
    all_rooms.abandon(room)

    assert subscriber.left == [ROOM]
    assert connection.rooms == set()
