"""A real nginx in front of small real servers, separate for each test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
import pytest
import pytest_asyncio

from embedded.supervision import ports, probes
from tests.nginx.backends import HOST, Backend, echo, gateway
from tests.rest.conftest import rest
from tests.rest.people import Rest

__all__ = ["rest"]  # the real service, for tests of what it and nginx do together


@asynccontextmanager
async def running_nginx(environment: dict[str, str]) -> AsyncIterator[str]:
    """Run `python -m nginx` with this environment; yields its address."""
    port = ports.choose()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nginx",
        env={"PATH": os.environ["PATH"], "PARLEY_HTTP_PORT": str(port), **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not await probes.port_accepts(HOST, port):
                assert process.returncode is None, "nginx did not start"
                await asyncio.sleep(0.02)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        await process.wait()


@dataclass(frozen=True)
class Site:
    """nginx and the servers behind it."""

    url: str
    rest: Backend
    gateways: tuple[Backend, Backend]
    client: aiohttp.ClientSession


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return the folder of a built page; its name contains a space, as a checkout's may."""
    folder = tmp_path / "built page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Parley</title>")
    (folder / "assets" / "app-3f2a.js").write_text("export const many = 1;\n" * 200)
    return folder


@pytest.fixture
async def site(page: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """Run nginx in front of one REST server and two gateways."""
    rest = echo("rest")
    gateways = (gateway("realtime-1"), gateway("realtime-2"))
    for backend in (rest, *gateways):
        await backend.start()
    environment = {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_RUNTIME_DIR": str(tmp_path / "run time"),
        "PARLEY_REST_UPSTREAMS": rest.address,
        "PARLEY_REALTIME_UPSTREAMS": ",".join(
            f"realtime-{number}={one.address}" for number, one in enumerate(gateways, start=1)
        ),
        "PARLEY_TRUSTED_PROXIES": "127.0.0.1/32",
    }
    async with running_nginx(environment) as url, aiohttp.ClientSession(url) as client:
        yield Site(url, rest, gateways, client)
    for backend in (rest, *gateways):
        await backend.stop()


@pytest_asyncio.fixture
async def entry(rest: Rest, page: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service through nginx, which compresses its answers."""
    environment = {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_RUNTIME_DIR": str(tmp_path / "runtime"),
        "PARLEY_REST_UPSTREAMS": f"127.0.0.1:{rest.client.base_url.port}",
        "PARLEY_REALTIME_UPSTREAMS": "realtime-1=127.0.0.1:9",
    }
    async with (
        running_nginx(environment) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
    ):
        yield client
