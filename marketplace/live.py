"""The fast way to connected apps: Redis sharded publish/subscribe, one channel a room.

    actions ─▶ Announcer.announce ─▶ SPUBLISH room ─▶ Subscriber of each gateway with a member there

A push is a hint: Redis drops what nobody listens to, and says nothing.  The number in it is what
counts; a gateway that misses one reads it from the store.  So the announcer never blocks its caller
and drops the oldest when Redis is away, and the subscriber tells when it may have missed something.
A gateway subscribes only to rooms it has members in (Redis 7 or Valkey; SSUBSCRIBE).
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable

import orjson
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError

from marketplace.ports import Announcement

LOG = logging.getLogger(__name__)
MAX_WAITING = 20_000
MAX_BATCH = 500
CANARY_EVERY_S = 2.0
# A healthy round trip takes a millisecond; three missed canaries in a row are no accident.
DEAF_AFTER_S = 7.0
CONFIRM_WITHIN_S = 5.0

_DROPPED = Counter("parley_announcements_dropped_total", "Announcements that Redis did not take")
_PUBLISHED = Counter("parley_announcements_total", "Announcements handed to Redis")
_RECEIVED = Counter("parley_live_messages_received_total", "Messages received from Redis")
_RESUBSCRIBED = Counter("parley_live_resubscriptions_total", "Times the subscriptions were redone")
_HEARING = Gauge("parley_live_is_hearing", "1 while the canary comes back through Redis")

Receive = Callable[[Announcement], None]


def connect(redis_url: str) -> "Redis":
    """A client with bounded time-outs and one quick retry; raises RedisError when Redis is away."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        socket_timeout=3,
        health_check_interval=10,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        max_connections=20,
    )


class Announcer:
    """Publishes announcements in the order they came, many in one round trip."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._waiting: deque[Announcement] = deque(maxlen=MAX_WAITING)
        self._publishing: asyncio.Task[None] | None = None

    def announce(self, announcement: Announcement) -> None:
        """Hand over for publishing; when too many wait, the oldest is dropped and counted."""
        if len(self._waiting) == MAX_WAITING:
            _DROPPED.inc()
        self._waiting.append(announcement)
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.get_running_loop().create_task(self._publish_waiting())

    async def close(self) -> None:
        """Publish what waits, for at most a few seconds."""
        if self._publishing is not None:
            await asyncio.wait([self._publishing], timeout=3)

    async def _publish_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                pipeline = self._redis.pipeline(transaction=False)
                for each in batch:
                    pipeline.spublish(each.room, encode(each))
                await pipeline.execute()
                _PUBLISHED.inc(len(batch))
            except (RedisError, OSError, TimeoutError) as error:
                _DROPPED.inc(len(batch))
                LOG.warning(
                    "announcements were dropped", extra={"count": len(batch), "why": str(error)}
                )


def encode(announcement: Announcement) -> bytes:
    """An announcement as it travels: name, position and data; the room is the channel."""
    return orjson.dumps([announcement.name, announcement.position, announcement.data])


def decode(room: str, message: bytes) -> Announcement:
    """The announcement in a message of a room's channel."""
    name, position, data = orjson.loads(message)
    return Announcement(room, name, data, position)


class Subscriber:
    """One process's subscriptions, and the proof that they are heard.

    `receive` gets every announcement of the rooms joined.  `missed` is called after a connection
    was lost and the rooms are subscribed again: whatever was published between is gone.
    """

    def __init__(
        self,
        redis_url: str,
        process_name: str,
        receive: Receive,
        missed: Callable[[], Awaitable[None]],
    ) -> None:
        # The listener waits for as long as nothing is said, so it has no socket time-out.  It does
        # not retry: redis-py would subscribe again by itself, and nobody would look for what was
        # missed.
        self._redis = Redis.from_url(
            redis_url,
            socket_connect_timeout=2,
            socket_timeout=None,
            health_check_interval=5,
            retry=Retry(NoBackoff(), 0),
        )
        self._publisher = connect(redis_url)
        self._receive = receive
        self._missed = missed
        self._canary = f"canary:{process_name}"
        self._rooms: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub = self._redis.pubsub()
        self._heard_at = 0.0
        self._listening_since = 0.0
        self._may_have_missed = False
        self._unconfirmed: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect and begin to listen."""
        self._heard_at = asyncio.get_running_loop().time()
        self._tasks = [
            asyncio.create_task(self._listen_for_ever(), name="live-listener"),
            asyncio.create_task(self._sing(), name="live-canary"),
        ]

    async def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call] # redis-py
        await self._redis.aclose()
        await self._publisher.aclose()

    @property
    def is_hearing(self) -> bool:
        """Whether a canary came back lately; False means pushes may be lost right now."""
        return asyncio.get_running_loop().time() - self._heard_at < DEAF_AFTER_S

    async def join(self, room: str) -> None:
        """Subscribe to a room and return once Redis said so, or after 5 s without Redis.

        Without Redis the room still works: its numbers are checked against the store.
        """
        confirmed = self._rooms.get(room)
        if confirmed is None:
            confirmed = self._rooms[room] = asyncio.Event()
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.ssubscribe(room)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(confirmed.wait(), CONFIRM_WITHIN_S)

    async def leave(self, room: str) -> None:
        """Unsubscribe from a room."""
        self._unconfirmed.discard(room)
        if self._rooms.pop(room, None) is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.sunsubscribe(room)

    async def _listen_for_ever(self) -> None:
        pause_s = 0.05
        while True:
            try:
                await self._resubscribe()
                pause_s = 0.05
                await self._listen()
            except (RedisError, OSError) as error:
                LOG.warning("Redis is away", extra={"why": str(error)})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 1.0)

    async def _resubscribe(self) -> None:
        """Take a fresh connection and subscribe to everything."""
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call] # redis-py
        for confirmed in self._rooms.values():
            confirmed.clear()
        self._pubsub = self._redis.pubsub()
        await self._pubsub.ssubscribe(self._canary, *self._rooms)
        self._listening_since = asyncio.get_running_loop().time()
        self._unconfirmed, self._may_have_missed = set(self._rooms), bool(self._rooms)
        _RESUBSCRIBED.inc()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._may_have_missed and not self._unconfirmed:
                # Not before Redis confirmed all: what is announced from now on is heard.
                self._may_have_missed = False
                await self._missed()
            message = await self._pubsub.get_message(timeout=1.0)
            if message is None:
                # A new connection is given the same time; `is_hearing` is not told better by it.
                if loop.time() - max(self._heard_at, self._listening_since) > DEAF_AFTER_S:
                    _HEARING.set(0)
                    raise ConnectionError("the canary was not heard")
                continue
            channel = message["channel"].decode()
            if message["type"] == "smessage":
                self._hear(channel, message["data"])
            elif message["type"] == "ssubscribe" and channel in self._rooms:
                self._rooms[channel].set()
                self._unconfirmed.discard(channel)

    def _hear(self, channel: str, data: bytes) -> None:
        if channel == self._canary:
            self._heard_at = asyncio.get_running_loop().time()
            _HEARING.set(1)
            return
        _RECEIVED.inc()
        try:
            announcement = decode(channel, data)
        except (orjson.JSONDecodeError, ValueError, TypeError):
            LOG.warning("an unreadable announcement", extra={"room": channel})
            return
        self._receive(announcement)

    async def _sing(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._publisher.spublish(self._canary, b"")
            await asyncio.sleep(CANARY_EVERY_S)
