"""In a room, each member gets every number once and in order, whatever is announced."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from marketplace.errors import TemporaryError
from marketplace.ports import Announcement
from realtime import room as module
from realtime.connections import Connection
from realtime.room import Room
from realtime.rooms import Rooms
from tests.builders import NOW, an_actor

ROOM = "conversation:c"


def entry(number: int) -> Announcement:
    """An announcement with this number."""
    return Announcement(ROOM, "message.sent", {"sequence": number}, number)


@dataclass
class Transport:
    """Records what each connection gets."""

    got: dict[str, list[int]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, connection_ids: Iterable[str], name: str, data: dict[str, Any]) -> int:
        """Record the push for each connection."""
        ids = list(connection_ids)
        if name == "gap":
            self.gaps.append(data)
        for connection_id in ids:
            self.got.setdefault(connection_id, []).append(data.get("sequence", 0))
        self.arrived.set()
        return len(ids)

    def end(self, connection_id: str, reason: str) -> None:
        """Never called: no test here ends a connection."""

    async def drained(self, connection_id: str) -> None:
        """Every connection reads at once."""

    async def until(self, connection_id: str, numbers: list[int]) -> None:
        """Wait until a connection has got exactly these numbers."""
        async with asyncio.timeout(5):
            while self.got.get(connection_id, []) != numbers:
                self.arrived.clear()
                await self.arrived.wait()


@dataclass
class Feed:
    """A store with numbers up to `last`, which counts how often it is read."""

    last: int = 0
    room: str = ROOM
    reads: list[int] = field(default_factory=list)
    fails: int = 0
    epoch: str = "0"
    gate: asyncio.Event | None = None

    async def head(self) -> int:
        """Return the last number."""
        return self.last

    async def after(self, position: int) -> list[Announcement]:
        """Return the announcements after a number."""
        self.reads.append(position)
        if self.fails:
            self.fails -= 1
            raise TemporaryError("MongoDB: AutoReconnect")
        found = [entry(number) for number in range(position + 1, self.last + 1)][:200]
        if self.gate is not None:
            await self.gate.wait()
        return found

    def limited(self, announcement: Announcement) -> Announcement:
        """Mark the announcement as limited."""
        return replace(announcement, data={**announcement.data, "is_limited": True})


def _only(*found: Announcement) -> Callable[[int], Awaitable[list[Announcement]]]:
    """Make an `after` that returns these announcements for every position."""

    async def after(_: int) -> list[Announcement]:
        return list(found)

    return after


@pytest.fixture
def transport() -> Transport:
    """A transport that records what is pushed."""
    return Transport()


@pytest.fixture
def feed() -> Feed:
    """The store that the room reads."""
    return Feed()


@pytest.fixture
def room(feed: Feed, transport: Transport) -> Room:
    """An empty room."""
    return Room(ROOM, feed, transport)


def _gap(head: int, *, is_snapshot: bool, epoch: str = "0") -> dict[str, object]:
    return {"room": ROOM, "head": head, "epoch": epoch, "is_snapshot": is_snapshot}


async def test_announcements_in_order_need_no_read(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Numbers in order are delivered without a read of the store."""
    assert room.settle("a", 4)

    for number in (5, 6, 7):
        room.hear(entry(number))

    assert transport.got == {"a": [5, 6, 7]}
    assert feed.reads == []


async def test_announcements_out_of_order_are_reordered(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """When two gateways publish concurrently, an early number waits for the missing ones."""
    room.settle("a", 0)
    feed.last = 5

    for number in (3, 2, 5, 1, 4):
        room.hear(entry(number))

    assert transport.got == {"a": [1, 2, 3, 4, 5]}


async def test_a_repeated_announcement_is_delivered_once(room: Room, transport: Transport) -> None:
    """An announcement that is repeated, or older than the room's position, is ignored."""
    room.settle("a", 2)

    for number in (3, 3, 1, 2, 4, 3, 4):
        room.hear(entry(number))

    assert transport.got == {"a": [3, 4]}


async def test_a_gap_is_read_once_for_all_members(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The next number reveals a lost announcement."""
    for member in ("a", "b", "c"):
        room.settle(member, 0)
    feed.last = 4

    room.hear(entry(1))
    room.hear(entry(4))
    await transport.until("c", [1, 2, 3, 4])

    assert transport.got == {member: [1, 2, 3, 4] for member in "abc"}
    assert feed.reads == [1]


async def test_a_signalled_head_reveals_a_lost_announcement(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A head reveals that the last announcement was lost."""
    room.settle("a", 0)
    room.hear(entry(1))
    feed.last = 3

    room.reach(3)
    await transport.until("a", [1, 2, 3])


async def test_a_gap_is_filled_after_an_outage_of_the_store(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Numbers after the hole are not delivered before it is filled, and none is skipped."""
    room.settle("a", 0)
    feed.last, feed.fails = 3, 2

    room.hear(entry(3))
    await transport.until("a", [1, 2, 3])

    assert feed.reads == [0, 0, 0]


async def test_a_room_restarts_in_a_new_epoch(room: Room, feed: Feed, transport: Transport) -> None:
    """Members are told the new head, then get what follows it."""
    room.settle("a", 11)

    feed.epoch, feed.last = "1", 6
    room.check(6, 11)
    room.hear(entry(7))

    assert transport.gaps == [_gap(6, is_snapshot=True, epoch="1")]
    assert transport.got["a"][1:] == [7]
    assert (room.position, room.members) == (7, {"a": 7})


async def test_a_head_that_stays_below_the_delivered_one_restarts_the_room(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A head that stays below what was delivered restarts the room; a single low one does not.

    A single one may come from a new primary that lags. A head that catches up in between resets the
    check.
    """
    room.settle("a", 11)

    room.check(9, 11)
    room.check(11, 11)
    room.check(9, 11)
    assert transport.gaps == []

    room.check(9, 11)

    assert transport.gaps == [_gap(9, is_snapshot=True)]
    assert room.position == 9


async def test_a_gap_in_the_store_is_not_read_repeatedly(
    room: Room, feed: Feed, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hole in the store cannot be filled, so members are told to start again after it."""
    monkeypatch.setattr(feed, "after", _only(entry(5), entry(6)))
    room.settle("a", 2)

    room.reach(6)
    await transport.until("a", [0])

    assert transport.gaps == [_gap(6, is_snapshot=True)]
    room.hear(entry(7))
    assert transport.got["a"][1:] == [7]


async def test_a_lasting_gap_is_reported_once_and_still_filled(
    room: Room, feed: Feed, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members are told once that they miss entries, up to a number; what follows has no hole."""
    monkeypatch.setattr(module, "GAP_PUSHED_AFTER_S", 0.0)
    room.settle("a", 0)
    feed.last, feed.fails = 3, 3

    room.hear(entry(3))
    await transport.until("a", [0, 1, 2, 3])  # the gap has no sequence

    assert transport.gaps == [_gap(3, is_snapshot=False)]


async def test_announcements_during_a_read_are_delivered_after_it(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Announcements and store reads end in one order."""
    room.settle("a", 0)
    feed.last, feed.gate = 3, asyncio.Event()
    room.hear(entry(3))
    async with asyncio.timeout(5):
        while not feed.reads:  # noqa: ASYNC110 # a plain list
            await asyncio.sleep(0.001)

    feed.last = 5
    room.hear(entry(5))
    room.hear(entry(4))
    feed.gate.set()

    await transport.until("a", [1, 2, 3, 4, 5])


async def test_announcements_beyond_the_bound_are_read_from_the_store(
    room: Room, feed: Feed, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory for numbers after a hole is bounded; delivery is not."""
    monkeypatch.setattr(module, "MAX_AHEAD", 10)
    room.settle("a", 0)
    feed.last = 500

    for number in range(2, 501):
        room.hear(entry(number))
    await transport.until("a", list(range(1, 501)))


async def test_a_nonexistent_head_is_not_polled_forever(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A head that does not exist is not polled forever; the next real number is delivered."""
    room.settle("a", 2)
    feed.last = 2

    room.reach(9)
    async with asyncio.timeout(5):
        while not feed.reads:  # noqa: ASYNC110 # a plain list
            await asyncio.sleep(0.001)
    await asyncio.sleep(0)
    room.hear(entry(3))

    assert transport.got == {"a": [3]}
    assert feed.reads == [2]


async def test_a_member_gets_only_what_follows_its_snapshot(
    room: Room, transport: Transport
) -> None:
    """A member that joined with a later snapshot does not get the snapshot's entries again."""
    room.settle("old", 0)
    assert room.settle("new", 2)

    for number in (1, 2, 3):
        room.hear(entry(number))

    assert transport.got == {"old": [1, 2, 3], "new": [3]}


async def test_a_stale_snapshot_is_read_again(room: Room, transport: Transport) -> None:
    """The room advanced while the snapshot was read: joining with it would leave a hole."""
    room.settle("a", 0)
    for number in (1, 2):
        room.hear(entry(number))

    assert not room.settle("b", 1)
    assert room.settle("b", 2)
    room.hear(entry(3))

    assert transport.got["b"] == [3]


async def test_announcements_before_the_first_member_are_kept(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Joining a long conversation while it advances reads only its end, not all of it."""
    feed.last = 10_002
    room.hear(entry(10_000))
    room.hear(entry(10_002))
    assert room.settle("a", 10_000)

    await transport.until("a", [10_001, 10_002])

    assert feed.reads == [10_000]


async def test_unnumbered_pushes_are_delivered_at_once(room: Room, transport: Transport) -> None:
    """Typing and receipts are not part of the numbered stream."""
    room.settle("a", 7)

    room.hear(Announcement(ROOM, "typing.updated", {}))

    assert transport.got == {"a": [0]}


async def test_the_periodic_check_of_heads_finds_unannounced_entries(
    feed: Feed, transport: Transport
) -> None:
    """A periodic check of the heads finds entries without any announcement."""
    all_rooms = Rooms(transport)
    room = await all_rooms.enter(ROOM, lambda: feed)
    room.settle("a", 0)
    all_rooms.abandon(room)
    feed.last = 2

    await all_rooms.check_heads()
    await transport.until("a", [1, 2])


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

    assert room.joining == 1
    assert (subscriber.joined, subscriber.left) == ([ROOM], [])


async def test_a_connection_that_ended_during_its_join_is_not_a_member(
    feed: Feed, all_rooms: Rooms, subscriber: SlowSubscriber
) -> None:
    """A connection that ended while it joined is no member, and its room closes."""
    subscriber.may_join.set()
    connection = Connection("a", an_actor(), NOW.timestamp())
    room = await all_rooms.enter(ROOM, lambda: feed)
    connection.is_gone = True

    room.settle(connection.id, 0)
    connection.add_room(room)
    all_rooms.abandon(room)

    assert subscriber.left == [ROOM]
    assert connection.rooms == set()
