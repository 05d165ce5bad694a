"""Request bodies, read up to a limit."""

from aiohttp import web


class BodyTooLargeError(Exception):
    """The body is longer than the endpoint takes."""


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the whole body, and stop as soon as it passes the limit.

    Raises:
        BodyTooLargeError: at the declared length already, else at the first byte too many.
    """
    if request.content_length is not None and request.content_length > limit_bytes:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLargeError
    return bytes(body)
