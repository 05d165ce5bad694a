"""Requests that are repeated until they are answered."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import httpx

PATIENCE_S = 4.0
_PAUSE_S = (0.05, 0.3)
# Longer than a lease of a key, and than a process is frozen.
_ANSWERED_WITHIN_S = 90.0


async def until_answered(
    what: str, once: Callable[[], Awaitable[httpx.Response]], random: Random
) -> httpx.Response:
    """Repeat while there is no answer, or one that is temporary.

    Raises:
        AssertionError: it was not answered in time.
    """
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_S):
            while True:
                try:
                    answer = await once()
                except (httpx.HTTPError, TimeoutError):
                    await asyncio.sleep(random.uniform(*_PAUSE_S))
                    continue
                if not _is_temporary(answer):
                    return answer
                await asyncio.sleep(random.uniform(*_PAUSE_S))
    except TimeoutError:
        raise AssertionError(f"no answer: {what}") from None


def _is_temporary(answer: httpx.Response) -> bool:
    # 408: on a busy machine the sender may pause for longer than the server waits for a body.
    if answer.status_code >= 500 or answer.status_code in (408, 429):
        return True
    return answer.status_code == 409 and answer.json()["code"] == "idempotency_key_in_use"
