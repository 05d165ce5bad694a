"""Gaps in a room's numbers are filled from the store, or reported to the members."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from marketplace.ports import Announcement
from realtime import room as module
from realtime.room import Room
from realtime.rooms import Rooms
from tests.realtime.rooms.recorders import ROOM, Feed, Transport, entry


def _only(*found: Announcement) -> Callable[[int], Awaitable[list[Announcement]]]:
    """Make an `after` that returns these announcements for every position."""

    async def after(_: int) -> list[Announcement]:
        return list(found)

    return after


def _gap(head: int, *, is_snapshot: bool, epoch: str = "0") -> dict[str, object]:
    return {"room": ROOM, "head": head, "epoch": epoch, "is_snapshot": is_snapshot}


async def test_a_gap_is_read_once_for_all_members(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """The next number reveals a lost announcement."""
    for member in ("a", "b", "c"):
        room.settle(member, 0)
    feed.last = 4

    room.receive(entry(1))
    room.receive(entry(4))
    await transport.until("c", [1, 2, 3, 4])

    assert transport.got == {member: [1, 2, 3, 4] for member in "abc"}
    assert feed.reads == [1]


async def test_a_signalled_head_reveals_a_lost_announcement(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """A head reveals that the last announcement was lost."""
    room.settle("a", 0)
    room.receive(entry(1))
    feed.last = 3

    room.reach(3)
    await transport.until("a", [1, 2, 3])


async def test_a_gap_is_filled_after_an_outage_of_the_store(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Numbers after the gap are not delivered before it is filled, and none is skipped."""
    room.settle("a", 0)
    feed.last, feed.fails = 3, 2

    room.receive(entry(3))
    await transport.until("a", [1, 2, 3])

    assert feed.reads == [0, 0, 0]


async def test_a_room_restarts_in_a_new_epoch(room: Room, feed: Feed, transport: Transport) -> None:
    """Members are told the new head, then get what follows it."""
    room.settle("a", 11)

    feed.epoch, feed.last = "1", 6
    room.check(6, 11)
    room.receive(entry(7))

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
    """A gap in the store cannot be filled, so members are told to start again after it."""
    monkeypatch.setattr(feed, "after", _only(entry(5), entry(6)))
    room.settle("a", 2)

    room.reach(6)
    await transport.until("a", [0])

    assert transport.gaps == [_gap(6, is_snapshot=True)]
    room.receive(entry(7))
    assert transport.got["a"][1:] == [7]


async def test_a_lasting_gap_is_reported_once_and_still_filled(
    room: Room, feed: Feed, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members are told once that they miss entries, up to a number; what follows has no gap."""
    monkeypatch.setattr(module, "GAP_PUSHED_AFTER_S", 0.0)
    room.settle("a", 0)
    feed.last, feed.fails = 3, 3

    room.receive(entry(3))
    await transport.until("a", [0, 1, 2, 3])  # the gap has no sequence

    assert transport.gaps == [_gap(3, is_snapshot=False)]


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
    room.receive(entry(3))

    assert transport.got == {"a": [3]}
    assert feed.reads == [2]


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
