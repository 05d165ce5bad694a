"""Announcements to connected apps."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from marketplace import live, tasks
from marketplace.ids import new_id
from marketplace.live import LiveItem
from marketplace.live.announcer import MAX_WAITING
from marketplace.ports import Announcement, Live, Signal, SignalName
from tests import memory


@dataclass(frozen=True, slots=True)
class Stage:
    """A `Live`, and a listener in one room that receives its announcements."""

    live: Live
    room: str
    receive: Callable[[int], Awaitable[list[LiveItem]]]


@pytest.fixture
def in_memory() -> Stage:
    """Announcements kept in memory."""
    kept, room = memory.Live(), f"conversation:{new_id()}"

    async def receive(count: int) -> list[LiveItem]:
        items: list[LiveItem] = [*kept.announcements, *kept.signals]
        received = [announcement for announcement in items if announcement.room == room]
        assert len(received) == count
        return received

    return Stage(kept, room, receive)


@pytest_asyncio.fixture
async def in_redis(redis_url: str) -> AsyncIterator[Stage]:
    """Announcements through Redis, received by another process."""
    received: asyncio.Queue[LiveItem] = asyncio.Queue()
    background = tasks.Background(pytest.fail)
    room = f"conversation:{new_id()}"
    redis = live.connect(redis_url)
    announcer = live.Announcer(redis)

    async def nothing_missed() -> None:
        pass

    async def receive(count: int) -> list[LiveItem]:
        async with asyncio.timeout(10):
            return [await received.get() for _ in range(count)]

    subscriber = live.Subscriber(
        redis_url, "realtime-1", "listener", received.put_nowait, nothing_missed
    )
    subscriber.start(background)
    await subscriber.join(room)
    yield Stage(announcer, room, receive)
    await background.end()
    await subscriber.close()
    await announcer.close()
    await redis.aclose()


@pytest.fixture(params=["in_memory", "in_redis"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Every implementation, one after the other."""
    opened: Stage = request.getfixturevalue(request.param)
    return opened


async def test_an_announcement_arrives_unchanged(stage: Stage) -> None:
    """Name, data and position arrive unchanged; a push without a position has none."""
    announcements = [
        Announcement(stage.room, "message.sent", {"body": "naïve 🙂", "n": [1, None, True]}, 7),
        Announcement(stage.room, "typing.updated", {"is_typing": False}),
    ]

    for announcement in announcements:
        stage.live.announce(announcement)

    assert await stage.receive(2) == announcements


async def test_a_signal_never_arrives_as_a_push(stage: Stage) -> None:
    """A signal never arrives as a push, even when both go to one room at the same time."""
    push = Announcement(stage.room, "message.sent", {}, 7)
    signal = Signal(stage.room, SignalName.ACTIVITY, {"account_id": "a"})

    stage.live.announce(push)
    stage.live.signal(signal)
    stage.live.signal(Signal(stage.room, SignalName.HEAD, position=7))

    assert await stage.receive(3) == [push, signal, Signal(stage.room, SignalName.HEAD, {}, 7)]


async def test_announcements_keep_their_order(stage: Stage) -> None:
    """Two thousand announcements at once arrive in the order they were made."""
    for number in range(1, 2_001):
        stage.live.announce(Announcement(stage.room, "message.sent", {}, number))

    received = await stage.receive(2_000)

    assert [announcement.position for announcement in received] == list(range(1, 2_001))


async def test_an_announcement_reaches_only_its_room(stage: Stage) -> None:
    """An announcement to one room does not reach another."""
    stage.live.announce(Announcement(f"{stage.room}-next-door", "message.sent", {}, 1))
    stage.live.announce(Announcement(stage.room, "message.sent", {}, 2))

    (received,) = await stage.receive(1)

    assert received.position == 2


async def test_announcing_without_redis_neither_fails_nor_blocks() -> None:
    """The caller notices nothing; apps find lost announcements by their sequence."""
    redis = live.connect("redis://127.0.0.1:9/0")
    announcer = live.Announcer(redis)

    for number in range(MAX_WAITING + 5):
        announcer.announce(Announcement("conversation:c", "message.sent", {}, number))

    async with asyncio.timeout(10):
        await announcer.close()
    await redis.aclose()
