"""Bodies that are received in a stream: bounded in bytes and in time, never whole in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from sanic.exceptions import RequestTimeout, SanicException

from marketplace.errors import Code, ParleyError
from rest.requests import RestRequest

# A client that sends more slowly than 256 kbit/s uploads its file in parts.
LEAST_BYTES_PER_S = 32_000
_GRACE_S = 20.0
# As long as nginx waits between two reads.
_PAUSE_S = 10.0
_SMALL_BYTES = 1_024
# For how long a refused body is still read, so that the proxy reads the refusal and no reset.
_LINGERING_S = 2.0


def declared_bytes(request: RestRequest) -> int | None:
    """The body's Content-Length; None if the client does not state it."""
    text = request.headers.getone("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


async def chunks_of(request: RestRequest, most: int) -> AsyncIterator[bytes]:
    """The body, as it arrives.

    Raises:
        ParleyError: `payload_too_large` if it has more than `most` bytes.
        RequestTimeout: it pauses, or is too slow on the whole.
    """
    declared = declared_bytes(request)
    if declared is not None and declared > most:
        raise too_large(most)
    stream: Any = request.stream
    loop = asyncio.get_running_loop()
    began_at, received = loop.time(), 0
    while stream is not None and stream.request_body:
        within_s = began_at + _GRACE_S + received / LEAST_BYTES_PER_S - loop.time()
        try:
            async with asyncio.timeout(min(_PAUSE_S, within_s)):
                chunk = await stream.read()
        except TimeoutError as error:
            raise RequestTimeout("The body did not arrive in time.") from error
        if not chunk:
            continue
        received += len(chunk)
        if received > most:
            raise too_large(most)
        yield chunk
        if len(chunk) < _SMALL_BYTES:  # thousands of them arrive in one turn of the event loop
            await asyncio.sleep(0)


async def whole_body(request: RestRequest, most: int) -> bytes:
    """A small body.

    Raises:
        ParleyError: `payload_too_large`.
    """
    return b"".join([chunk async for chunk in chunks_of(request, most)])


async def give_up(request: RestRequest) -> None:
    """Close the connection after the answer to a request whose body was not read to its end."""
    stream: Any = request.stream
    if stream is None or not stream.request_body:
        return
    with suppress(TimeoutError, SanicException):
        async with asyncio.timeout(_LINGERING_S):
            while stream.request_body:
                await stream.read()
    stream.request_body = None
    stream.keep_alive = False


def media_type_of(request: RestRequest) -> str:
    """The Content-Type without its parameters, in lower case.

    Raises:
        ParleyError: `unsupported_media_type` for a compressed body.
    """
    if request.headers.getone("content-encoding", "identity").strip().lower() != "identity":
        raise ParleyError(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed.")
    return request.headers.getone("content-type", "").partition(";")[0].strip().lower()


def too_large(most: int) -> ParleyError:
    """The refusal of a body above its limit."""
    return ParleyError(Code.PAYLOAD_TOO_LARGE, f"The body exceeds the limit of {most} bytes.")
