"""In a room, each member gets every number once and in order, whatever is announced."""

import asyncio

import pytest

from marketplace.ports import Announcement
from realtime import room as module
from realtime.room import Room
from tests.realtime.rooms.recorders import ROOM, Feed, Transport, entry


async def test_announcements_in_order_need_no_read(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Numbers in order are delivered without a read of the store."""
    assert room.settle("a", 4)

    for number in (5, 6, 7):
        room.receive(entry(number))

    assert transport.got == {"a": [5, 6, 7]}
    assert feed.reads == []


async def test_announcements_out_of_order_are_reordered(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """When two gateways publish concurrently, an early number waits for the missing ones."""
    room.settle("a", 0)
    feed.last = 5

    for number in (3, 2, 5, 1, 4):
        room.receive(entry(number))

    assert transport.got == {"a": [1, 2, 3, 4, 5]}


async def test_a_repeated_announcement_is_delivered_once(room: Room, transport: Transport) -> None:
    """An announcement that is repeated, or older than the room's position, is ignored."""
    room.settle("a", 2)

    for number in (3, 3, 1, 2, 4, 3, 4):
        room.receive(entry(number))

    assert transport.got == {"a": [3, 4]}


async def test_announcements_during_a_read_are_delivered_after_it(
    room: Room, feed: Feed, transport: Transport
) -> None:
    """Announcements and store reads end in one order."""
    room.settle("a", 0)
    feed.last, feed.gate = 3, asyncio.Event()
    room.receive(entry(3))
    async with asyncio.timeout(5):
        while not feed.reads:  # noqa: ASYNC110 # a plain list
            await asyncio.sleep(0.001)

    feed.last = 5
    room.receive(entry(5))
    room.receive(entry(4))
    feed.gate.set()

    await transport.until("a", [1, 2, 3, 4, 5])


async def test_announcements_beyond_the_bound_are_read_from_the_store(
    room: Room, feed: Feed, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory for numbers after a gap is bounded; delivery is not."""
    monkeypatch.setattr(module, "MAX_AHEAD", 10)
    room.settle("a", 0)
    feed.last = 500

    for number in range(2, 501):
        room.receive(entry(number))
    await transport.until("a", list(range(1, 501)))


async def test_unnumbered_pushes_are_delivered_at_once(room: Room, transport: Transport) -> None:
    """Typing and receipts are not part of the numbered stream."""
    room.settle("a", 7)

    room.receive(Announcement(ROOM, "typing.updated", {}))

    assert transport.got == {"a": [0]}
