"""Reads request bodies up to a limit."""

from aiohttp import web

from marketplace.errors import BaseError


class BodyTooLargeError(BaseError):
    """The body is larger than the endpoint accepts."""


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the whole body; stop as soon as it exceeds the limit.

    Raises:
        BodyTooLargeError: because of the declared length, or at the first byte too many.
    """
    if request.content_length is not None and request.content_length > limit_bytes:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLargeError
    return bytes(body)
