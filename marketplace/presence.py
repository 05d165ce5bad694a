"""Who is connected, in Redis: a sorted set an account, a member a process, the score its end.

A process that crashes says nothing; its members' scores pass, and the key expires by itself.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

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

    async def connected(self, account_id: str) -> None:
        """Say that an app of this account is connected here; holds for 25 s."""
        key = _key(account_id)
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.zadd(key, {self._process_name: self._clock.now().timestamp() + TTL_S})
            pipeline.expire(key, TTL_S)
            await pipeline.execute()
        except (RedisError, OSError) as error:
            raise TemporaryError(f"Redis: {type(error).__name__}") from error

    async def disconnected(self, account_id: str) -> None:
        """Say that this process has no app of the account any more."""
        try:
            await self._redis.zrem(_key(account_id), self._process_name)
        except (RedisError, OSError) as error:
            raise TemporaryError(f"Redis: {type(error).__name__}") from error

    async def is_connected(self, account_id: str) -> bool:
        """Whether any process has one."""
        try:
            count = await self._redis.zcount(
                _key(account_id), self._clock.now().timestamp(), "+inf"
            )
        except (RedisError, OSError) as error:
            raise TemporaryError(f"Redis: {type(error).__name__}") from error
        return bool(count)


def _key(account_id: str) -> str:
    return f"presence:{account_id}"
