"""Calls in Socket.IO packets (protocol 5): `42`, an id if an answer is wanted, a JSON list.

Every call with an id is answered. When the fast path cannot parse a packet, the slow path recovers
the id and finds out why.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from marketplace.errors import Code, FieldError, ParleyError, invalid
from marketplace.schemas.json_text import is_intricate, read_call, require_each_name_once

# Names of python-socketio's own handlers: a client must not be able to call them.
RESERVED = frozenset({"connect", "disconnect", "*"})
# python-socketio's limit; the official clients count from 0.
MAX_ID_DIGITS = 100
# A call (2), or one with binary attachments (5) and their number; a namespace; an id.
_HEAD = re.compile(rb"4(?:2|5(?:([0-9]{1,9})-)?)(?:(/[^,]{0,64}),)?([0-9]{0,100})(?![0-9])")

CallPacket = tuple[bytes, str, list[Any]]


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that cannot be run; `packet_id` is empty when no answer is wanted.

    Its `attachments` binary packets follow.
    """

    packet_id: bytes
    error: ParleyError
    attachments: int = 0


def parse_call(message: bytes) -> CallPacket | RefusedCall | None:
    """The id (empty when no answer is wanted), the name and the arguments of a call.

    None for a packet that is not a call: it has neither an id nor JSON.
    """
    start = message.find(b"[", 2)
    packet_id = message[2:start]
    if start < 0 or message[1] != 0x32 or (packet_id and not packet_id.isdigit()):
        return _refused(message)
    try:
        arguments = orjson.loads(message[start:])
    except orjson.JSONDecodeError:
        return _refused(message)
    if (
        not arguments
        or type(arguments[0]) is not str
        or arguments[0] in RESERVED
        or len(packet_id) > MAX_ID_DIGITS
    ):
        return _refused(message)
    payload = arguments[1] if len(arguments) == 2 else None
    # Usually every colon follows a name of the payload, and there is nothing to check.
    if type(payload) is not dict or message.count(b":") != len(payload):
        try:
            require_each_name_once(message[start:], arguments, root=1)
        except ParleyError as error:
            return RefusedCall(packet_id, error)
    return packet_id, arguments[0], arguments[1:]


def _refused(message: bytes) -> RefusedCall | None:
    head = _HEAD.match(message)
    if head is None:
        return None
    count, namespace, packet_id = head.groups(b"")
    attachments = int(count or 0)
    error, is_readable = _rejection(message[head.end() :], is_binary=message[1] == 0x35)
    if namespace not in (b"", b"/"):
        error, packet_id = _no_namespace(), namespace + b"," + packet_id if packet_id else b""
    if error is None or not (packet_id or is_readable):
        return None
    return RefusedCall(packet_id, error, attachments)


def _rejection(text: bytes, *, is_binary: bool) -> tuple[ParleyError | None, bool]:
    """Why a call is refused, if it is; and whether it can be read as a call at all."""
    try:
        arguments = read_call(text)
    except ParleyError as error:
        return error, error.code is Code.VALIDATION_FAILED
    if type(arguments) is not list or not arguments or type(arguments[0]) is not str:
        sentence = "A call must be a JSON array: its name, then its payload."
        return ParleyError(Code.MALFORMED, sentence), False
    if arguments[0] in RESERVED:
        return ParleyError(Code.UNKNOWN_EVENT, f"{arguments[0]} is not a call."), False
    if not is_binary:
        return None, True
    return _binary([] if is_intricate(text) else arguments), True


def _binary(arguments: list[Any]) -> ParleyError:
    paths = [".".join(path) for path in _placeholders(arguments[1:], ())]
    errors = [
        FieldError(path.partition(".")[2] or "$", "Must not be binary data.") for path in paths
    ]
    if not errors:
        return invalid("$", "Must not be binary data.")
    where = ", ".join(error.path for error in errors[:5])
    return ParleyError(Code.VALIDATION_FAILED, f"Some values are invalid: {where}.", errors=errors)


def _placeholders(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths at which attachments were taken out (Socket.IO protocol 5, "Packet encoding")."""
    if len(path) > 5:
        return
    if isinstance(value, dict):
        if value.get("_placeholder") is True:
            yield path
            return
        for name, inner in value.items():
            yield from _placeholders(inner, (*path, name[:50]))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _placeholders(inner, (*path, str(position)))


def _no_namespace() -> ParleyError:
    return ParleyError(Code.MALFORMED, "The only namespace is /.")
