"""Publishes announcements after a commit."""

import asyncio
import logging
import secrets
from collections import deque
from dataclasses import replace

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from marketplace import tasks, tracing
from marketplace.live import contexts
from marketplace.live.publisher import Publisher
from marketplace.live.receiving import RECEIVER, LiveItem, Receive
from marketplace.live.wire import ORIGIN_LENGTH, kind_of
from marketplace.logs import get_logger
from marketplace.ports import Announcement, Signal

LOG = get_logger(__name__)
MAX_WAITING = 20_000
MAX_BATCH = 500

_DROPPED = Counter("parley_announcements_dropped_total", "Announcements that Redis did not accept")
_PUBLISHED = Counter("parley_announcements_total", "Announcements sent to Redis")


class Announcer:
    """Publishes announcements and signals, each kind in order, many in one round trip.

    Items that wait for the same room travel as one message: with 4 messages in flight in each of 50
    conversations this sends a quarter of the messages through Redis.
    """

    def __init__(self, redis: "Redis") -> None:
        self.origin = secrets.token_hex(ORIGIN_LENGTH // 2)
        # Hands items to this process's own rooms immediately, even while Redis is down.
        self.receive: Receive | None = None
        self._publisher = Publisher(redis)
        self._waiting: deque[LiveItem] = deque(maxlen=MAX_WAITING)
        self._publishing: asyncio.Task[None] | None = None

    def announce(self, announcement: Announcement) -> None:
        """Queue a push for publishing; if too many wait, the oldest is dropped and counted."""
        current = tracing.traceparent()
        if current is not None and announcement.traceparent is None:
            announcement = replace(announcement, traceparent=current)
        self._enqueue(announcement)

    def signal(self, signal: Signal) -> None:
        """Queue a signal for publishing; if too many wait, the oldest is dropped and counted."""
        self._enqueue(signal)

    def _enqueue(self, item: LiveItem) -> None:
        if self.receive is not None:
            RECEIVER.hand_over(self.receive, item)
        if len(self._waiting) == MAX_WAITING:
            _DROPPED.inc()
        self._waiting.append(item)
        if self._publishing is None or self._publishing.done():
            self._publishing = tasks.keep(self._publish_waiting(), "announcer")

    async def close(self) -> None:
        """Publish what is waiting, for at most a few seconds."""
        if self._publishing is not None:
            await asyncio.wait([self._publishing], timeout=3)
        await self._publisher.close()

    async def _publish_waiting(self) -> None:
        while self._waiting:
            batches: dict[tuple[str, bytes], list[LiveItem]] = {}
            count = min(MAX_BATCH, len(self._waiting))
            for _ in range(count):
                item = self._waiting.popleft()
                batches.setdefault((item.room, kind_of(item)), []).append(item)
            try:
                await self._publisher.publish(
                    [
                        (room, message)
                        for (room, _), items in batches.items()
                        for message in contexts.messages(self.origin, items)
                    ]
                )
                _PUBLISHED.inc(count)
            except Exception as error:  # the items after this batch are still published
                _DROPPED.inc(count)
                is_away = isinstance(error, RedisError | OSError)
                LOG.log(
                    logging.WARNING if is_away else logging.ERROR,
                    "announcements were dropped",
                    count=count,
                    why=str(error) if is_away else type(error).__name__,
                )
