"""Probes whether a server is ready, over its own protocol.

Every probe returns within a few seconds and never raises: unready and absent are both False.
"""

import asyncio
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from embedded.supervision.probes import http_answers, port_accepts

_TIMEOUT_S = 2.0


async def is_healthy(url: str) -> bool:
    """Probe by the URL's scheme: mongodb, kafka, redis; anything else is HTTP."""
    parts = urlsplit(url)
    if parts.scheme in {"mongodb", "mongodb+srv"}:
        return await mongodb_is_primary(url)
    if parts.scheme == "kafka":
        return await kafka_answers(parts.netloc)
    if parts.scheme in {"redis", "rediss"}:
        return await redis_answers(url)
    return await http_answers(url)


async def mongodb_is_primary(url: str) -> bool:
    """Whether the replica set has a primary that accepts writes."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
        url, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000, socketTimeoutMS=2000
    )
    try:
        answer = await client.admin.command("hello")
    except PyMongoError:
        return False
    finally:
        await client.close()
    return bool(answer.get("isWritablePrimary"))


async def redis_answers(url: str) -> bool:
    """Whether the server answers PING (an external one may require a password first)."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 6379)
            try:
                writer.write(b"PING\r\n")
                answer = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith((b"+PONG", b"-NOAUTH"))


async def kafka_answers(bootstrap_servers: str) -> bool:
    """Whether a broker answers and has a group coordinator.

    Looking up a coordinator makes a new broker create its offsets topic, so that the first consumer
    group does not fail with "coordinator not available".
    """
    host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].rpartition(":")
    if not await port_accepts(host, int(port)):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=2000)
    try:
        async with asyncio.timeout(2 * _TIMEOUT_S):
            await admin.start()
            await admin.find_coordinator("parley-probe")
    except (KafkaError, TimeoutError, OSError):
        return False
    finally:
        await admin.close()
    return True
