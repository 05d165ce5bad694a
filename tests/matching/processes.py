"""`python -m matching` with a test's servers; it may be killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from embedded.supervision import ports
from marketplace.settings import Settings


@asynccontextmanager
async def a_matching_process(
    settings: Settings, name: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the consumer group; it is killed at the end if it still runs."""
    environment = {
        **os.environ,
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(ports.choose()),
        "PARLEY_PROCESS_NAME": name,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "matching", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
