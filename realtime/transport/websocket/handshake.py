"""The websocket handshake (RFC 6455, section 4.2).

The official clients and nginx always send the same few headers; that handshake is accepted here in
15 µs, where the library needs 150. Anything else is left to `websockets`, which has the last word
and writes the refusal.
"""

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from websockets.http11 import Request
from websockets.server import ServerProtocol

Query = Mapping[str, list[str]]
Headers = Mapping[str, str]
RefusalCheck = Callable[[Query, Headers], str | None]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# 16 bytes in base 64: the last letter carries only two bits.
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
_BODY = frozenset({"content-length", "transfer-encoding"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNUSUAL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f-\xff]")
_ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %b\r\n\r\n"
)
# The library logs "connection open" at level INFO for each.
_QUIET = logging.getLogger("realtime.transport.websocket.handshake")
_QUIET.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Handshake:
    """A websocket request, and the response to it."""

    query: Query
    headers: Headers
    is_accepted: bool
    answer: bytes


def answer_handshake(head: bytes, find_refusal: RefusalCheck) -> Handshake | None:
    """Answer the head of a request, empty line included; None when it is too malformed for that.

    `find_refusal` inspects the query and the headers, and returns why there is no websocket for
    them.
    """
    return _fast_path(head, find_refusal) or _through_library(head, find_refusal)


def _fast_path(head: bytes, find_refusal: RefusalCheck) -> Handshake | None:
    """The handshake, if it is of the common kind and accepted."""
    if _UNUSUAL.search(head.replace(b"\r\n", b"")):
        return None
    request, *lines = head.decode("ascii").split("\r\n")[:-2]
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name in headers or not _NAME.fullmatch(name):
            return None
        headers[name] = value.strip(" \t")
    method, _, rest = request.partition(" ")
    path, _, version = rest.partition(" ")
    key = headers.get("sec-websocket-key", "")
    if (
        (method, version) != ("GET", "HTTP/1.1")
        or headers.get("upgrade", "").lower() != "websocket"
        or headers.get("connection", "").lower() not in ("upgrade", "keep-alive, upgrade")
        or headers.get("sec-websocket-version") != "13"
        or not _BODY.isdisjoint(headers)
        or not _KEY.fullmatch(key)
    ):
        return None
    query = parse_qs(path.partition("?")[2])
    if find_refusal(query, headers) is not None:
        return None
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return Handshake(query, headers, True, _ACCEPTED % base64.b64encode(digest))


def _through_library(head: bytes, find_refusal: RefusalCheck) -> Handshake | None:
    protocol = ServerProtocol(logger=_QUIET)
    protocol.receive_data(head)
    requests = [event for event in protocol.events_received() if isinstance(event, Request)]
    if not requests:
        return None
    request = requests[0]
    query = parse_qs(request.path.partition("?")[2])
    response = protocol.accept(request)
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    refusal = find_refusal(query, headers)
    if refusal is not None:
        response = protocol.reject(400, f"{refusal}\n")
    protocol.send_response(response)
    answer = b"".join(protocol.data_to_send())
    return Handshake(query, headers, response.status_code == 101, answer)
