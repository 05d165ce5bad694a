"""What travels through Redis: who announced it, and one or more announcements of one room."""

from collections.abc import Sequence

import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from marketplace.ports import Announcement

ORIGIN_LENGTH = 8


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


def encode(origin: str, announcements: Sequence[Announcement]) -> bytes:
    """A message of a room's channel: the origin's eight letters, then name, position and data of each.

    The origin stands first and outside the JSON, so that a process leaves out its own without
    reading further; the room is the channel.
    """
    return origin.encode() + orjson.dumps(
        [[each.name, each.position, each.data] for each in announcements]
    )


def decode(room: str, message: bytes) -> list[Announcement]:
    """The announcements in a message of a room's channel.

    Raises:
        ValueError, TypeError: when it is none.
    """
    return [
        Announcement(room, name, data, position)
        for name, position, data in orjson.loads(message[ORIGIN_LENGTH:])
    ]
