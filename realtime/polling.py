"""Polled bodies, in and out, as the official clients make and take them.

python-engineio takes at most 16 packets in one body.  Its own server sends more than that, which its
own client then refuses; and the JavaScript client posts all that waits, up to the size in bytes it
was told at the handshake, which the server then answers with 400 and the end of the session.
"""

import asyncio
from typing import Any

from aiohttp import ClientError, StreamReader
from engineio import exceptions
from engineio.packet import Packet
from engineio.payload import Payload

# The size of a body is the bound: calls of 50 bytes and more.
MAX_POSTED_PACKETS = 2_000
BODY_WITHIN_S = 10.0


class PostedPayload(Payload):  # type: ignore[misc] # untyped library
    """What a client posts."""

    max_decode_packets = MAX_POSTED_PACKETS


async def receive(socket: Any, environ: dict[str, Any]) -> None:
    """Take the packets of a POST.

    Raises:
        ValueError, LookupError: it is no Engine.IO payload.
        EngineIOError: it is too long, did not come, or has a packet that clients do not send.
    """
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            body = await _whole(environ["wsgi.input"], socket.server.max_http_buffer_size)
    except (TimeoutError, OSError, ClientError) as error:
        raise exceptions.EngineIOError("the body did not come") from error
    for packet in PostedPayload(encoded_payload=body.decode()).packets:
        await socket.receive(packet)


async def _whole(stream: StreamReader, most_bytes: int) -> bytes:
    """The whole body; `read(length)`, as the library has it, may return with a part of it."""
    body = b""
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > most_bytes:
            raise exceptions.ContentTooLongError
    return body


async def poll(socket: Any) -> list[Packet]:
    """Wait for something to send; as much of it as every client takes in one body.

    Raises:
        QueueEmpty: nothing came before the client counts as gone.
    """
    queue = socket.queue
    try:
        async with asyncio.timeout(socket.server.ping_interval + socket.server.ping_timeout):
            packets = [await queue.get()]
    except (TimeoutError, asyncio.CancelledError) as error:
        raise exceptions.QueueEmpty from error
    queue.task_done()
    if packets == [None]:
        return []
    while len(packets) < Payload.max_decode_packets and not queue.empty():
        packet = queue.get_nowait()
        queue.task_done()
        if packet is None:  # the end: for the next poll to find
            queue.put_nowait(None)
            break
        packets.append(packet)
    return packets
