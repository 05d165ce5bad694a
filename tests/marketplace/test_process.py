"""A process's health, its metrics, and what it reports during shutdown."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import pytest
import pytest_asyncio

from marketplace import process as marketplace_process
from marketplace.bootstrap import open_parts
from marketplace.errors import TemporaryError
from marketplace.process import Process, operations_app, serve
from marketplace.settings import Settings
from marketplace.storage import MongoStore
from tests.realtime.gateways import free_port


@dataclass(frozen=True, slots=True)
class Served:
    """A process that serves its operations endpoints."""

    process: Process
    url: str

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        async with aiohttp.ClientSession() as http, http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def ready(self) -> tuple[int, dict[str, object]]:
        """The answer of /health/ready."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/health/ready") as answer,
        ):
            return answer.status, await answer.json()


@pytest_asyncio.fixture
async def served(settings: Settings, module_store: MongoStore) -> AsyncIterator[Served]:
    """A process with real servers."""
    own = replace(settings, bind_port=free_port())
    async with open_parts(own) as parts:
        process = Process(parts)
        runner = await serve(operations_app(process), own)
        yield Served(process, f"http://127.0.0.1:{own.bind_port}")
        await runner.cleanup()


async def test_a_process_is_ready_when_its_checks_pass(served: Served) -> None:
    """A process is live from the start, and ready once it can do its work."""
    assert (await served.get("/health/live"))[0] == 200
    assert (await served.ready())[0] == 503

    served.process.is_ready = True

    status, body = await served.ready()
    assert status == 200
    assert body["checks"] == {"mongodb": "ok"}


async def test_a_failing_check_is_named(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness names each failed or timed-out check; the process stays live."""
    monkeypatch.setattr(marketplace_process, "CHECK_TIMEOUT_S", 1.0)
    served.process.is_ready = True

    async def away() -> None:
        raise TemporaryError("Kafka is away")

    async def silent() -> None:
        await asyncio.Event().wait()

    served.process.checks |= {"kafka": away, "silent": silent}
    status, body = await served.ready()

    assert status == 503
    checks = body["checks"]
    assert isinstance(checks, dict)
    assert checks["mongodb"] == "ok"
    assert checks["kafka"] == "Kafka is away"
    assert "no response" in checks["silent"]
    assert (await served.get("/health/live"))[0] == 200


async def test_a_stopping_process_is_not_ready(served: Served) -> None:
    """During shutdown, the load balancer sends no new clients."""
    served.process.is_ready = True

    served.process.stopping.set()

    status, body = await served.ready()
    assert (status, body["draining"]) == (503, True)


async def test_metrics_are_served(served: Served) -> None:
    """Metrics are served in the Prometheus text format."""
    status, text = await served.get("/metrics")

    assert status == 200
    assert "# TYPE" in text


PROGRAM = """
import asyncio, sys
from marketplace.process import operations_app, run, serve

async def broken(process):
    await asyncio.sleep(0.3)
    raise RuntimeError("a fault of ours")

async def main(process):
    runner = await serve(operations_app(process), process.settings)
    process.background.start("broken", broken(process))
    process.is_ready = True
    await process.stopping.wait()
    print("main ends cleanly", flush=True)
    await runner.cleanup()

run(main)
"""


async def test_a_process_stops_when_its_background_work_ends(settings: Settings) -> None:
    """The end is logged, and a clean shutdown exits with a code that gets the process restarted."""
    environment = {
        "MONGODB_URL": settings.mongodb_url,
        "MONGODB_DATABASE": settings.mongodb_database,
        "REDIS_URL": settings.redis_url,
        "PARLEY_TOKEN_SECRET": settings.token_secret,
        "PARLEY_BIND_PORT": str(free_port()),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b'"work":"broken"' in output
    assert b"main ends cleanly" in output


async def test_a_process_is_unready_as_soon_as_its_background_work_ends(
    served: Served,
) -> None:
    """The load balancer sends no new clients, and the health check names the ended work."""
    served.process.is_ready = True

    async def broken() -> None:
        raise RuntimeError("a fault of ours")

    served.process.background.start("broken", broken())
    await asyncio.wait_for(served.process.stopping.wait(), 5)

    status, body = await served.ready()
    assert status == 503
    checks = body["checks"]
    assert isinstance(checks, dict)
    assert checks["background"] == "broken has ended"
