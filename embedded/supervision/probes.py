"""Probes whether a program is ready, by its port or over HTTP.

Every probe returns within a few seconds and never raises: unready and absent are both False.
"""

import asyncio
import contextlib

import aiohttp

_TIMEOUT_S = 2.0
# A process probes its own servers before it answers, up to 3 s each.
_HTTP_TIMEOUT_S = 4.0


async def port_accepts(host: str, port: int) -> bool:
    """Whether something listens on the port."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def http_answers(url: str) -> bool:
    """Whether a GET returns 200."""
    timeout = aiohttp.ClientTimeout(total=_HTTP_TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
