"""The process as it runs in production."""

import asyncio
import json
import os
import signal
import sys

import httpx

from embedded.supervision import ports
from marketplace.settings import Settings
from tests.rest.processes import is_ready


async def test_a_process_starts_serves_and_stops(settings: Settings) -> None:
    """`python -m rest` gets ready, answers, exits with 0 on SIGTERM, and logs only JSON."""
    port = ports.choose()
    environment = {
        **os.environ,
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(port),
        "PARLEY_PROCESS_NAME": "rest-1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rest", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False
        ) as client:
            async with asyncio.timeout(30):
                while not await is_ready(client):  # noqa: ASYNC110 # another process
                    await asyncio.sleep(0.05)
            listed = await client.get("/v1/categories")
            process.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(process.communicate(), 15)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    lines = [json.loads(line) for line in output.decode().splitlines()]
    assert listed.status_code == 200
    assert "alt-svc" not in listed.headers
    assert process.returncode == 0
    assert [line["message"] for line in lines] == ["starting", "stopped"]
    assert {line["process"] for line in lines} == {"rest-1"}
