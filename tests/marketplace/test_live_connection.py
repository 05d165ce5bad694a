"""The redis-py internals our connection relies on; an upgrade that moves them fails here."""

import asyncio

import hiredis
from redis.asyncio import Redis

from marketplace import live
from marketplace.live.connection import RedisConnection


async def test_a_connection_is_created_outside_the_pool(redis_url: str) -> None:
    """`make_connection` returns a new connection, with asyncio's reader and an idle parser."""
    redis: Redis = live.connect(redis_url)
    pool = redis.connection_pool
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    assert connection is not pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()
    try:
        assert type(connection._reader) is asyncio.StreamReader
        await connection.send_packed_command(hiredis.pack_command(("PING",)), check_health=False)
        async with asyncio.timeout(5):
            answer = await connection._reader.read(262_144)
        parser = hiredis.Reader()
        parser.feed(answer)
        assert parser.gets() == b"PONG"
        assert parser.gets() is False
    finally:
        await connection.disconnect(nowait=True)
        await redis.aclose()


async def test_many_commands_of_one_write_are_answered_in_order(redis_url: str) -> None:
    """Replies keep their order however they are split into reads."""
    redis: Redis = live.connect(redis_url)
    connection = RedisConnection(redis)
    await connection.open()
    try:
        await connection.send(("ECHO", b"%d" % number) for number in range(1_000))
        got: list[bytes] = []
        async with asyncio.timeout(5):
            while len(got) < 1_000:
                got += await connection.replies(1.0)
        assert got == [b"%d" % number for number in range(1_000)]
        assert list(await connection.replies(0.01)) == []
    finally:
        await connection.close()
        await redis.aclose()
