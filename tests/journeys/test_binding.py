"""Through nginx, the id of a polling session is worth nothing to somebody else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.journeys.site import Site

POLLING = "/socket.io/?EIO=4&transport=polling"
OWNER, STRANGER = "127.0.0.2", "127.0.0.3"
PONG = "3"


@asynccontextmanager
async def _http(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client at this address, which keeps no cookies."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        yield session


async def test_a_stranger_cannot_use_a_session_id(site: Site) -> None:
    """A forged X-Forwarded-For does not help: nginx writes the header itself."""
    async with _http(OWNER) as owner, _http(STRANGER) as stranger:
        async with owner.get(site.url + POLLING) as opened:
            session_id = json.loads((await opened.text())[1:])["sid"]
        session = f"{site.url}{POLLING}&sid={session_id}"
        for headers in ({}, {"X-Forwarded-For": OWNER}, {"X-Real-IP": OWNER}):
            async with stranger.post(session, data=PONG, headers=headers) as answer:
                assert answer.status == 400, headers
            async with stranger.get(session, headers=headers) as answer:
                assert answer.status == 400, headers

        async with owner.post(session, data=PONG) as answer:
            assert answer.status == 200
