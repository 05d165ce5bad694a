"""Who is connected and who is active, in Redis.

For each account a sorted set of processes; the score is the end of what the process said.

A process that crashes says nothing; its members' scores pass, and the key expires by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from marketplace.coalescing import Coalescer
from marketplace.errors import TemporaryError
from marketplace.ports import Clock

# Said again every 10 s by the gateways, so one lost word does not make somebody absent.
REFRESH_EVERY_S = 10
TTL_S = 25


class RedisPresence:
    """Implements the `Presence` port for one process."""

    def __init__(self, redis: "Redis", process_name: str, clock: Clock) -> None:
        self._redis = redis
        self._process_name = process_name
        self._clock = clock
        # Said by one pipeline after the other, each account's latest word: so a connection and its
        # end do not overtake each other, and thousands at once take no connection to Redis each.
        self._words: dict[str, bool] = {}
        self._saying = Coalescer(self._say)
        self._activity = Coalescer(self._read_activity)
        self._connected = Coalescer(self._read_connected)

    async def connected(self, *account_ids: str) -> None:
        """Say that apps of these accounts are connected here; holds for 25 s."""
        self._words.update(dict.fromkeys(account_ids, True))
        await self._saying.many(account_ids)

    async def disconnected(self, account_id: str) -> None:
        """Say that this process has no app of the account any more."""
        self._words[account_id] = False
        await self._saying.one(account_id)

    async def _say(self, account_ids: list[str]) -> Mapping[str, None]:
        pipeline = self._redis.pipeline(transaction=False)
        until = self._clock.now().timestamp() + TTL_S
        for account_id in account_ids:
            key = _key(account_id)
            if self._words.pop(account_id):
                pipeline.zadd(key, {self._process_name: until})
                pipeline.expire(key, TTL_S)
            else:
                pipeline.zrem(key, self._process_name)
        await _execute(pipeline)
        return {}

    async def is_connected(self, account_id: str) -> bool:
        """Whether any process has one."""
        return bool(await self._connected.one(account_id))

    async def connected_among(self, account_ids: Collection[str]) -> frozenset[str]:
        """Those of which any process has one; many who ask at once are answered together."""
        found = await self._connected.many(account_ids)
        return frozenset(account_id for account_id, is_connected in found.items() if is_connected)

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
        """Say that these people do something here; holds for 25 s."""
        until = self._clock.now().timestamp() + TTL_S
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zadd(_activity(account_id), {self._process_name: until})
            pipeline.expire(_activity(account_id), TTL_S)
        await _execute(pipeline)

    async def inactive(self, *account_ids: str) -> None:
        """Say that they do nothing here any more."""
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zrem(_activity(account_id), self._process_name)
        await _execute(pipeline)

    async def active_at(self, account_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Where these people are active; many who ask at once are answered together."""
        return await self._activity.many(account_ids)

    async def _read_activity(self, account_ids: list[str]) -> dict[str, frozenset[str]]:
        now = self._clock.now().timestamp()
        pipeline = self._redis.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.zrangebyscore(_activity(account_id), now, "+inf")
        found = await _execute(pipeline)
        return {
            account_id: frozenset(each.decode() for each in processes)
            for account_id, processes in zip(account_ids, found, strict=True)
            if processes
        }


async def _execute(pipeline: "Pipeline") -> list[Any]:
    try:
        answers: list[Any] = await pipeline.execute()
    except (RedisError, OSError) as error:
        raise TemporaryError(f"Redis: {type(error).__name__}") from error
    return answers


def _key(account_id: str) -> str:
    return f"presence:{account_id}"


def _activity(account_id: str) -> str:
    return f"activity:{account_id}"
