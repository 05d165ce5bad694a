"""Calls in Socket.IO packets (protocol 5): `42`, an id where an answer is wanted, a JSON list."""

from typing import Any

import orjson

# Names of python-socketio's own handlers: sent by a client, they would call these.
RESERVED = frozenset({"connect", "disconnect", "*"})


def call_in(message: bytes) -> tuple[bytes, str, list[Any]] | None:
    """The id (empty when no answer is wanted), the name and the arguments of a call.

    None for what is no call: no JSON list, no name, a name that is the library's own.
    """
    start = message.find(b"[", 2)
    packet_id = message[2:start]
    try:
        arguments = orjson.loads(message[start:]) if start > 0 else None
    except orjson.JSONDecodeError:
        return None
    if not arguments or not isinstance(arguments[0], str) or arguments[0] in RESERVED:
        return None
    if packet_id and not packet_id.isdigit():
        return None
    return packet_id, arguments[0], arguments[1:]
