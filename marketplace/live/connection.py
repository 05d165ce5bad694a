"""A connection to Redis, written and read in bulk.

redis-py spends 25 µs on each reply and 50 µs on each message of a subscription: a time-out, several
coroutines and a dictionary.  Here it makes the connection (address, TLS, log-in), hiredis packs and
parses, and what comes is read in whole chunks: 2 µs for each when many come together.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

CHUNK_BYTES = 262_144
WRITTEN_WITHIN_S = 3.0


class Connection:
    """One connection; its methods raise RedisError, OSError or TimeoutError when it is lost.

    Between `open` and `close` alone: a command outside of them is refused.
    """

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

    async def send(self, commands: Iterable[tuple[str | bytes, ...]]) -> None:
        """Write commands; what they are answered comes out of `replies`."""
        packed = b"".join(hiredis.pack_command(each) for each in commands)  # type: ignore[arg-type] # of any length
        if not packed:
            return
        if not self._connection.is_connected:  # redis-py would connect by itself
            raise RedisConnectionError("not connected")
        async with asyncio.timeout(WRITTEN_WITHIN_S):
            await self._connection.send_packed_command(packed, check_health=False)

    async def replies(self, timeout_s: float) -> Iterator[Any]:
        """What comes next, parsed as it is taken; nothing when nothing came in time."""
        # redis-py's own reader, held by a test: its parser would read one reply at a time.
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

    def _parsed(self) -> Iterator[Any]:
        while (reply := self._parser.gets()) is not False:
            if isinstance(reply, Exception):
                raise RedisConnectionError(str(reply))
            yield reply
