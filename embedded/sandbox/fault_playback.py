"""Plays a fault: accepts the message or not, and responds as the fault says, or not at all."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from embedded.sandbox.faults import DRIP, EMPTY, HTML, MALFORMED, TIMEOUT, Fault, Faults

# A request without a response is released eventually: clients may wait for ever.
HANG_LIMIT_S = 600
DRIP_EVERY_S = 0.2
_DRIPPED_BYTES = 100_000
_PAGE = (
    "<!doctype html><title>{0}</title><h1>{0}</h1><p>This page comes from a simulated proxy.</p>"
)


async def play_fault(
    request: web.Request,
    faults: Faults,
    fault: Fault,
    deliver: Callable[[], web.Response],
    refuse: Callable[[], web.Response],
) -> web.StreamResponse:
    """Respond as the fault says; `deliver` accepts the message, `refuse` builds the refusal."""
    taken = None
    if fault.is_accepted and fault.accepted_after_s:
        asyncio.get_running_loop().call_later(fault.accepted_after_s, deliver)
    elif fault.is_accepted:
        taken = deliver()
    if fault.breaks_off:
        return await _break_off(request, faults, fault)
    if fault.status == DRIP:
        return await _drip(request, faults, taken)
    return _written(fault, taken, refuse)


def _written(
    fault: Fault, taken: web.Response | None, refuse: Callable[[], web.Response]
) -> web.Response:
    status = int(fault.status)
    if fault.form == HTML:
        text = _PAGE.format(status)
        response = web.Response(status=status, text=text, content_type="text/html")
    elif fault.form == MALFORMED:
        response = web.Response(status=status, text='{"sid', content_type="application/json")
    elif fault.form == EMPTY:
        response = web.Response(status=status)
    elif status < 300 and taken is not None:
        response = taken
        response.set_status(status)
    else:
        response = refuse()
    if fault.location is not None:
        response.headers["Location"] = fault.location
    return response


async def _drip(
    request: web.Request, faults: Faults, taken: web.Response | None
) -> web.StreamResponse:
    """Send the head of a successful response, then one space at a time until the client leaves."""
    headers = dict(taken.headers) if taken is not None else {}
    headers["Content-Length"] = str(_DRIPPED_BYTES)
    response = web.StreamResponse(status=taken.status if taken else 200, headers=headers)
    await response.prepare(request)
    with suppress(ConnectionError):
        for _ in range(_DRIPPED_BYTES):
            await response.write(b" ")
            with suppress(TimeoutError):
                await asyncio.wait_for(faults.stopped(), DRIP_EVERY_S)
                break
    reset(request)
    return response


async def _break_off(request: web.Request, faults: Faults, fault: Fault) -> web.Response:
    """End the connection without a response; for a timeout, only once the client has given up."""
    if fault.status == TIMEOUT:
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_LIMIT_S):
                await faults.stopped()
    reset(request)
    return web.Response()  # never sent: the connection is gone


def reset(request: web.Request) -> None:
    """Close the connection with a TCP reset: with a linger time of 0 the kernel sends RST."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
