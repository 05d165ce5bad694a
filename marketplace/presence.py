"""Who is connected and who is active, in Redis.

Each account has a sorted set of process names; the score is when the entry expires. A process that
crashes stops refreshing its entries: their scores pass, and Redis expires the key.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from marketplace.coalescing import Coalescer
from marketplace.errors import TemporaryError
from marketplace.ports import Clock

# Gateways refresh every 10 s, so one lost write does not make an account absent.
REFRESH_EVERY_S = 10
TTL_S = 25


class RedisPresence:
    """Implements the `PresenceStore` port for one process."""

    def __init__(self, redis: "Redis", process_name: str, clock: Clock) -> None:
        self._redis = redis
        self._process_name = process_name
        self._clock = clock
        # Written by one pipeline after the other, with each account's latest state. So a connect
        # and a disconnect never overtake each other, and thousands at once do not take a Redis
        # connection each.
        self._pending: dict[str, bool] = {}
        self._writer = Coalescer(self._write)
        self._activity_reader = Coalescer(self._read_activity)
        self._connected_reader = Coalescer(self._read_connected)

    async def connected(self, *account_ids: str) -> None:
        """Record that apps of these accounts are connected to this process; valid for 25 s."""
        self._pending.update(dict.fromkeys(account_ids, True))
        await self._writer.many(account_ids)

    async def disconnected(self, account_id: str) -> None:
        """Record that no app of the account is connected to this process any more."""
        self._pending[account_id] = False
        await self._writer.one(account_id)

    async def _write(self, account_ids: list[str]) -> Mapping[str, None]:
        pipeline = self._redis.pipeline(transaction=False)
        until = self._clock.now().timestamp() + TTL_S
        for account_id in account_ids:
            key = _key(account_id)
            if self._pending.pop(account_id):
                pipeline.zadd(key, {self._process_name: until})
                pipeline.expire(key, TTL_S)
            else:
                pipeline.zrem(key, self._process_name)
        await _execute(pipeline)
        return {}

    async def is_connected(self, account_id: str) -> bool:
        """Whether an app of the account is connected to any process."""
        return bool(await self._connected_reader.one(account_id))

    async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
        """The accounts with an app connected anywhere; concurrent calls share a round trip."""
        connected = await self._connected_reader.many(account_ids)
        return frozenset(
            account_id for account_id, is_connected in connected.items() if is_connected
        )

    async def _read_connected(self, account_ids: list[str]) -> dict[str, bool]:
        now = self._clock.now().timestamp()
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zcount(_key(account_id), now, "+inf")
        counts = await _execute(pipeline)
        return {
            account_id: bool(count) for account_id, count in zip(account_ids, counts, strict=True)
        }

    async def active(self, *account_ids: str) -> None:
        """Record that these people are active in this process; valid for 25 s."""
        until = self._clock.now().timestamp() + TTL_S
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zadd(_activity_key(account_id), {self._process_name: until})
            pipeline.expire(_activity_key(account_id), TTL_S)
        await _execute(pipeline)

    async def inactive(self, *account_ids: str) -> None:
        """Record that these people are no longer active in this process."""
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zrem(_activity_key(account_id), self._process_name)
        await _execute(pipeline)

    async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The processes where these people are active; concurrent calls share a round trip."""
        return await self._activity_reader.many(account_ids)

    async def _read_activity(self, account_ids: list[str]) -> dict[str, frozenset[str]]:
        now = self._clock.now().timestamp()
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zrangebyscore(_activity_key(account_id), now, "+inf")
        process_lists = await _execute(pipeline)
        return {
            account_id: frozenset(process.decode() for process in processes)
            for account_id, processes in zip(account_ids, process_lists, strict=True)
            if processes
        }


async def _execute(pipeline: "Pipeline") -> list[Any]:
    try:
        replies: list[Any] = await pipeline.execute()
    except (RedisError, OSError) as error:
        raise TemporaryError(f"Redis: {type(error).__name__}") from error
    return replies


def _key(account_id: str) -> str:
    return f"presence:{account_id}"


def _activity_key(account_id: str) -> str:
    return f"activity:{account_id}"
