"""Publishes many messages in one round trip."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from marketplace.live.connection import RedisConnection

REPLY_TIMEOUT_S = 3.0

Message = tuple[str, bytes]


class Publisher:
    """Publishes to the rooms' channels over one connection, opened on first use."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._connection: RedisConnection | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages, each to its room; return when Redis has accepted all.

        Raises:
            RedisError, OSError, TimeoutError: some or all may not have been published.
        """
        is_fresh = self._connection is None
        try:
            await self._publish(messages)
        except (RedisError, OSError, TimeoutError):
            await self.close()
            if is_fresh:
                raise
            # The connection may have been closed long ago by a restart of Redis: retry on a new
            # one.
            await self.publish(messages)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _publish(self, messages: Sequence[Message]) -> None:
        if self._connection is None:
            connection = RedisConnection(self._redis)
            await connection.open()
            self._connection = connection
        await self._connection.send(("SPUBLISH", room, message) for room, message in messages)
        deadline = asyncio.get_running_loop().time() + REPLY_TIMEOUT_S
        unacknowledged = len(messages)
        while unacknowledged > 0:
            left_s = deadline - asyncio.get_running_loop().time()
            if left_s <= 0:
                raise RedisConnectionError("Redis does not answer")
            unacknowledged -= sum(1 for _ in await self._connection.replies(left_s))
