"""The connection on which a gateway listens to Redis.

redis-py's PubSub costs 50 µs a message: a time-out, several coroutines and a dictionary for each.
Here redis-py makes the connection (address, TLS, log-in), and what comes then is read in whole
chunks and parsed by hiredis: 2 µs a message when many come together.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

CHUNK_BYTES = 262_144
COMMAND_WITHIN_S = 5.0
# As many channels in one command as Redis takes without holding others up for long.
_CHANNELS_TOGETHER = 1_000


class Listener:
    """One connection in subscriber mode; raises RedisError or OSError when it is lost."""

    def __init__(self, redis: "Redis") -> None:
        self._connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._parser = hiredis.Reader()

    async def open(self) -> None:
        """Connect and log in; nothing is left open when that fails."""
        try:
            await self._connection.connect()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close, whatever state it is in."""
        await self._connection.disconnect(nowait=True)

    async def subscribe(self, *channels: str) -> None:
        """Ask for channels; `read` tells when Redis has confirmed them."""
        for start in range(0, len(channels), _CHANNELS_TOGETHER):
            await self._command("SSUBSCRIBE", *channels[start : start + _CHANNELS_TOGETHER])

    async def unsubscribe(self, channel: str) -> None:
        """Ask for no more of a channel."""
        await self._command("SUNSUBSCRIBE", channel)

    async def read(self, timeout_s: float) -> Iterator[tuple[bytes, bytes, Any]]:
        """What comes next, as (kind, channel, data); nothing when nothing came in time."""
        # The reader is redis-py's own, held by a test: its parser would read one reply at a time.
        reader: asyncio.StreamReader | None = self._connection._reader
        if reader is None:
            raise RedisConnectionError("not connected")
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await reader.read(CHUNK_BYTES)
        except TimeoutError:
            return iter(())
        if not chunk:
            raise RedisConnectionError("Redis closed the connection")
        self._parser.feed(chunk)
        return self._parsed()

    def _parsed(self) -> Iterator[tuple[bytes, bytes, Any]]:
        while (reply := self._parser.gets()) is not False:
            if isinstance(reply, list) and len(reply) == 3:
                yield reply[0], reply[1], reply[2]
            elif isinstance(reply, Exception):
                raise RedisConnectionError(str(reply))

    async def _command(self, *words: str) -> None:
        async with asyncio.timeout(COMMAND_WITHIN_S):
            await self._connection.send_command(*words, check_health=False)
