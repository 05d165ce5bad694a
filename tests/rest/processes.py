"""REST in the test's own process, and in separate processes that a test may kill."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from embedded.supervision import ports
from marketplace.bootstrap import open_parts
from marketplace.process import Process
from marketplace.settings import Settings
from rest.app import make_app
from rest.serving import serving
from tests.rest.contract import Contract
from tests.rest.people import Rest


@asynccontextmanager
async def in_process(settings: Settings) -> AsyncIterator[Rest]:
    """The service on a free port, and a client that validates every response."""
    port = ports.choose()
    async with open_parts(replace(settings, bind_port=port)) as parts:
        process = Process(parts)
        app = make_app(parts, process.health)
        contract = Contract(json.loads(app.ctx.service.openapi_json))
        async with (
            serving(app, "127.0.0.1", port),
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                event_hooks={"response": [contract.check]},
                trust_env=False,
                timeout=30,
            ) as client,
        ):
            process.is_ready = True
            yield Rest(app, parts, client, process)


@dataclass(frozen=True, slots=True)
class RestProcess:
    """A running `python -m rest` and a client for it."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    async def kill(self) -> None:
        """`kill -9`; returns once the process has exited."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def a_process(settings: Settings, name: str) -> AsyncIterator[RestProcess]:
    """`python -m rest` with these settings, ready; it is killed at the end."""
    port = ports.choose()
    environment = {
        **os.environ,
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(port),
        "PARLEY_LIMIT_SCALE": "1000",
        "PARLEY_PROCESS_NAME": name,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rest", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            async with asyncio.timeout(90):
                while not await is_ready(client):  # noqa: ASYNC110 # another process
                    await asyncio.sleep(0.05)
            yield RestProcess(process, client)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def is_ready(client: httpx.AsyncClient) -> bool:
    """Whether the process reports that it is ready."""
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False
