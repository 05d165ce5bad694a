"""nginx's limits for one address, and that others do not notice when one exceeds them."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from nginx.limits import limits
from tests.nginx.backends import echo, gateway
from tests.nginx.conftest import Site, running_nginx

LIMITS = limits(1.0)
# Each is a separate client; the fixture's proxy, 127.0.0.1, is trusted to report addresses.
ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"
OPEN = "/socket.io/?EIO=4&transport=polling"
HALF = b"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"


@asynccontextmanager
async def incomplete_bodies(site: Site, address: str, count: int) -> AsyncIterator[list[bytes]]:
    """Begin this many bodies from an address; yields the answers that arrive within about a second."""
    host, _, port = site.url.removeprefix("http://").partition(":")
    opened = [
        await asyncio.open_connection(host, int(port), local_addr=(address, 0))
        for _ in range(count)
    ]
    for _, writer in opened:
        writer.write(HALF)
    await asyncio.sleep(1)  # an accepted one gets no answer, however long one waits
    yield await asyncio.gather(*(_available(reader) for reader, _ in opened))
    for _, writer in opened:
        writer.transport.abort()


async def _available(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(65_536), 0.5)
    except TimeoutError:
        return b""


def from_address(site: Site, address: str) -> aiohttp.ClientSession:
    """A client at an address."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
    return aiohttp.ClientSession(site.url, connector=connector)


async def test_incomplete_bodies_of_one_address_are_limited(site: Site) -> None:
    """A hundred may wait for their rest; more are refused at once, and another address is served."""
    async with (
        incomplete_bodies(site, ATTACKER, 150) as answers,
        from_address(site, OTHER) as other,
    ):
        response = await other.post("/v1/accounts", json={})

        refused = [answer for answer in answers if answer]
        assert len(refused) == 150 - LIMITS.requests
        assert all(answer.startswith(b"HTTP/1.1 429 ") for answer in refused)
        problem = json.loads(refused[0].partition(b"\r\n\r\n")[2])
        assert problem["code"] == "rate_limited"
        assert b"Retry-After: 1" in refused[0]
        assert response.status == 200


@pytest.mark.parametrize(
    ("path", "burst", "per_s"),
    [
        (OPEN, LIMITS.opens_burst, LIMITS.opens_per_s),
        ("/health/ready", LIMITS.rest_burst, LIMITS.rest_per_s),
        ("/v1/vendors", LIMITS.rest_burst, LIMITS.rest_per_s),
    ],
)
async def test_a_flood_from_one_address_is_refused(
    site: Site, path: str, burst: int, per_s: int
) -> None:
    """A burst, then a rate per second; another address is served meanwhile."""
    loop = asyncio.get_running_loop()
    async with from_address(site, ATTACKER) as attacker, from_address(site, OTHER) as other:
        began_at = loop.time()
        statuses = Counter(
            await asyncio.gather(*(_status(attacker, path) for _ in range(burst + 500)))
        )
        took_s = loop.time() - began_at
        served = (await other.get(path)).status

    assert statuses[200] <= burst + 1 + per_s * took_s
    assert statuses[429] == burst + 500 - statuses[200] > 0
    assert served == 200


async def test_large_bodies_have_their_own_rate_limit(site: Site) -> None:
    """Twenty at once, with or without a declared length; small bodies are not affected."""
    large = b"x" * 200_000

    async def pieces() -> AsyncIterator[bytes]:
        yield large

    async with from_address(site, ATTACKER) as attacker:
        statuses = []
        for number in range(40):
            body = large if number % 2 else pieces()
            async with attacker.post("/v1/rfis", data=body) as response:
                statuses.append(response.status)
        small = await attacker.post("/v1/rfis", data=b"x" * 2_000)

    assert statuses[: LIMITS.large_bodies_burst] == [200] * LIMITS.large_bodies_burst
    assert 429 in statuses
    assert small.status == 200


async def _status(client: aiohttp.ClientSession, path: str) -> int:
    async with client.get(path) as response:
        await response.read()
        return response.status


async def test_the_limits_follow_the_scale(page: Path, tmp_path: Path) -> None:
    """PARLEY_LIMIT_SCALE multiplies them as it does the processes' limits."""
    rest, behind = echo("rest"), gateway("realtime-1")
    await rest.start()
    environment = {
        "PARLEY_WEB_ROOT": str(page),
        "PARLEY_RUNTIME_DIR": str(tmp_path / "run"),
        "PARLEY_REST_UPSTREAMS": rest.address,
        "PARLEY_REALTIME_UPSTREAMS": f"realtime-1={behind.address}",
        "PARLEY_LIMIT_SCALE": "0.01",
    }
    async with running_nginx(environment) as url, aiohttp.ClientSession(url) as client:
        statuses = [await _status(client, "/v1/vendors") for _ in range(20)]
    await rest.stop()

    assert statuses[0] == 200
    assert 429 in statuses
