"""The subscriber: what it joins, what it ignores, and how it reports possible losses."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from embedded.servers.running import Running, running
from marketplace import live, tasks
from marketplace.ids import new_id
from marketplace.live import receiving, subscriber
from marketplace.ports import Announcement

ORIGIN = "here0001"


class Listener:
    """A subscriber, what it has received, and each report that it may have missed something."""

    def __init__(self, redis_url: str) -> None:
        self.received: asyncio.Queue[live.LiveItem] = asyncio.Queue()
        self.background = tasks.Background(pytest.fail)
        self.missed: asyncio.Queue[None] = asyncio.Queue()
        name = f"test-{new_id()}"
        self.subscriber = live.Subscriber(
            redis_url, name, ORIGIN, self.received.put_nowait, self._missed
        )

    def start(self) -> None:
        """Start listening."""
        self.subscriber.start(self.background)

    async def close(self) -> None:
        """Stop listening."""
        await self.background.end()
        await self.subscriber.close()

    def is_receiving(self) -> bool:
        """Whether it receives the canary."""
        return self.subscriber.is_receiving

    async def _missed(self) -> None:
        self.missed.put_nowait(None)


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    """A client of the session's Valkey."""
    client = live.connect(redis_url)
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def listener(redis_url: str) -> AsyncIterator[Listener]:
    """A listener on the session's Valkey."""
    started = Listener(redis_url)
    started.start()
    await started.subscriber.join(f"warm-up:{new_id()}")
    yield started
    await started.close()


async def test_a_room_is_subscribed_when_join_returns(listener: Listener, redis: "Redis") -> None:
    """Announcements are received from the join until the room is left."""
    room, other = f"conversation:{new_id()}", f"conversation:{new_id()}"
    await listener.subscriber.join(room)
    await listener.subscriber.join(other)
    assert await redis.pubsub_shardnumsub(room) == [(room.encode(), 1)]

    listener.subscriber.leave(room)
    async with asyncio.timeout(5):
        while await redis.pubsub_shardnumsub(room) != [(room.encode(), 0)]:  # noqa: ASYNC110 # polls Redis
            await asyncio.sleep(0.005)
    announcer = live.Announcer(redis)
    announcer.announce(Announcement(room, "message.sent", {}, 1))
    announcer.announce(Announcement(other, "message.sent", {}, 2))

    async with asyncio.timeout(5):
        assert (await listener.received.get()).room == other
    await announcer.close()


@pytest.mark.parametrize("noise", [b"", b"no JSON", b"[]", b"7", b'["a", 1]', b"\xff"])
async def test_malformed_messages_are_skipped(
    noise: bytes, listener: Listener, redis: "Redis"
) -> None:
    """Malformed messages on the channel do not stop the subscriber."""
    room = f"conversation:{new_id()}"
    await listener.subscriber.join(room)

    await redis.spublish(room, noise)
    await redis.spublish(
        room, live.encode("elsewhr1", [Announcement(room, "message.sent", {"a": 1}, 3)])
    )

    async with asyncio.timeout(5):
        assert await listener.received.get() == Announcement(room, "message.sent", {"a": 1}, 3)


async def test_a_cut_connection_is_reopened_and_reported(
    listener: Listener, redis: "Redis"
) -> None:
    """After a reconnect, all rooms are subscribed before the possible loss is reported."""
    rooms = [f"conversation:{new_id()}" for _ in range(3)]
    for room in rooms:
        await listener.subscriber.join(room)

    while not listener.missed.empty():  # reported at the start
        listener.missed.get_nowait()
    await redis.client_kill_filter(_type="pubsub")
    async with asyncio.timeout(10):
        await listener.missed.get()
    for room in rooms:
        await redis.spublish(
            room, live.encode("elsewhr1", [Announcement(room, "message.sent", {}, 1)])
        )

    async with asyncio.timeout(5):
        assert {(await listener.received.get()).room for _ in rooms} == set(rooms)


@pytest.fixture
def valkey() -> Iterator[Running]:
    """A Valkey that the test may stop."""
    with running("valkey") as servers:
        yield servers


async def test_a_join_without_redis_returns_and_takes_effect_later(
    valkey: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A join waits only briefly; the subscriber receives nothing, reports it, and recovers."""
    monkeypatch.setattr(subscriber, "CONFIRM_TIMEOUT_S", 0.2)
    monkeypatch.setattr(subscriber, "CANARY_EVERY_S", 0.1)
    monkeypatch.setattr(subscriber, "CANARY_TIMEOUT_S", 0.6)
    listener, room = Listener(valkey.redis_url), f"conversation:{new_id()}"
    listener.start()
    await asyncio.to_thread(valkey.stop, "valkey")

    async with asyncio.timeout(5):
        await listener.subscriber.join(room)
        while listener.is_receiving():  # noqa: ASYNC110 # driven by its clock
            await asyncio.sleep(0.02)
    await asyncio.to_thread(valkey.start, "valkey")
    async with asyncio.timeout(10):
        await listener.missed.get()
        while not listener.is_receiving():  # noqa: ASYNC110 # driven by its canary
            await asyncio.sleep(0.02)

    redis = live.connect(valkey.redis_url)
    await redis.spublish(room, live.encode("elsewhr1", [Announcement(room, "message.sent", {}, 1)]))
    async with asyncio.timeout(5):
        assert (await listener.received.get()).position == 1
    await redis.aclose()
    await listener.close()


async def test_rooms_joined_during_a_connect_share_its_connection(
    valkey: Running,
) -> None:
    """No join opens a second connection, on which the canary would not be received."""
    listener, rooms = Listener(valkey.redis_url), [f"conversation:{new_id()}" for _ in range(50)]
    listener.start()
    await asyncio.gather(*(listener.subscriber.join(room) for room in rooms))

    redis = live.connect(valkey.redis_url)
    assert len(await redis.client_list(_type="pubsub")) == 1
    assert await redis.pubsub_shardnumsub(*rooms) == [(room.encode(), 1) for room in rooms]
    await redis.aclose()
    await listener.close()


async def test_a_receiver_that_raises_does_not_stop_the_subscriber(
    redis_url: str, redis: "Redis", caplog: pytest.LogCaptureFixture
) -> None:
    """A failure is counted, and logged without what people wrote; the next message is received."""
    received: asyncio.Queue[live.LiveItem] = asyncio.Queue()
    room, before = f"conversation:{new_id()}", receiving._FAILED._value.get()

    def receive(item: live.LiveItem) -> None:
        if item.data.get("body") == "my secret":
            raise KeyError(item.data["body"])
        received.put_nowait(item)

    async def nothing_missed() -> None:
        raise AssertionError("a look that fails ends nothing either")

    background = tasks.Background(pytest.fail)
    one = live.Subscriber(redis_url, f"test-{new_id()}", ORIGIN, receive, nothing_missed)
    one.start(background)
    await one.join(room)
    for data in ({"body": "my secret"}, {"body": "hello"}):
        announcement = Announcement(room, "message.sent", data, 3)
        await redis.spublish(room, live.encode("elsewhr1", [announcement]))

    async with asyncio.timeout(5):
        assert (await received.get()).data == {"body": "hello"}
    await background.end()
    await one.close()
    assert receiving._FAILED._value.get() == before + 1
    (line,) = [record for record in caplog.records if record.message == "a receiver failed"]
    assert vars(line)["item"] == "message.sent"
    assert "secret" not in str(vars(line))


async def test_announcing_survives_a_failing_local_room(redis: "Redis") -> None:
    """A local delivery that fails does not make the committed action fail."""
    announcer = live.Announcer(redis)

    def fail(_: live.LiveItem) -> None:
        raise RuntimeError("a fault of ours")

    announcer.receive = fail
    announcer.announce(Announcement("conversation:c", "message.sent", {}, 1))

    await announcer.close()


async def test_a_failed_subscriber_subscribes_again(
    listener: Listener, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the failure, the subscriber subscribes again and reports a possible loss."""
    room, confirm = f"conversation:{new_id()}", listener.subscriber._confirm
    await listener.subscriber.join(room)
    while not listener.missed.empty():
        listener.missed.get_nowait()

    def fail_once(name: str) -> None:
        monkeypatch.setattr(listener.subscriber, "_confirm", confirm)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(listener.subscriber, "_confirm", fail_once)
    joining = asyncio.create_task(listener.subscriber.join(f"conversation:{new_id()}"))
    async with asyncio.timeout(5):
        await listener.missed.get()
        await joining
    await redis.spublish(room, live.encode("elsewhr1", [Announcement(room, "message.sent", {}, 1)]))

    async with asyncio.timeout(5):
        assert (await listener.received.get()).room == room
