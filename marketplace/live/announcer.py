"""Publishes announcements after a commit."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from marketplace.live.publisher import Publisher
from marketplace.live.wire import ORIGIN_LENGTH, encode
from marketplace.ports import Announcement

LOG = logging.getLogger(__name__)
MAX_WAITING = 20_000
MAX_BATCH = 500

_DROPPED = Counter("parley_announcements_dropped_total", "Announcements that Redis did not take")
_PUBLISHED = Counter("parley_announcements_total", "Announcements handed to Redis")


class Announcer:
    """Publishes announcements in the order they came, many in one round trip.

    Those of one room that wait together travel as one message: with 4 messages in flight in each of
    50 conversations that is a quarter of the messages through Redis.
    """

    def __init__(self, redis: "Redis") -> None:
        self.origin = secrets.token_hex(ORIGIN_LENGTH // 2)
        # What this process's own rooms get at once: without the way through Redis, and without Redis.
        self.hear: Callable[[Announcement], None] | None = None
        self._publisher = Publisher(redis)
        self._waiting: deque[Announcement] = deque(maxlen=MAX_WAITING)
        self._publishing: asyncio.Task[None] | None = None

    def announce(self, announcement: Announcement) -> None:
        """Hand over for publishing; when too many wait, the oldest is dropped and counted."""
        if self.hear is not None:
            self.hear(announcement)
        if len(self._waiting) == MAX_WAITING:
            _DROPPED.inc()
        self._waiting.append(announcement)
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.get_running_loop().create_task(self._publish_waiting())

    async def close(self) -> None:
        """Publish what waits, for at most a few seconds."""
        if self._publishing is not None:
            await asyncio.wait([self._publishing], timeout=3)
        await self._publisher.close()

    async def _publish_waiting(self) -> None:
        while self._waiting:
            rooms: dict[str, list[Announcement]] = {}
            count = min(MAX_BATCH, len(self._waiting))
            for _ in range(count):
                each = self._waiting.popleft()
                rooms.setdefault(each.room, []).append(each)
            messages = [(room, encode(self.origin, each)) for room, each in rooms.items()]
            try:
                await self._publisher.publish(messages)
                _PUBLISHED.inc(count)
            except (RedisError, OSError, TimeoutError) as error:
                _DROPPED.inc(count)
                LOG.warning("announcements were dropped", extra={"count": count, "why": str(error)})
