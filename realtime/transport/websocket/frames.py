"""Outgoing websocket frames as bytes (RFC 6455, section 5.2): unmasked, unfragmented."""

from typing import Any

import orjson

_TEXT = 0x81
_EXTENDED_16, _EXTENDED_64 = 126, 127


def text_frame(payload: bytes) -> bytes:
    """One text frame."""
    size = len(payload)
    if size < _EXTENDED_16:
        return bytes((_TEXT, size)) + payload
    if size < 65_536:
        return bytes((_TEXT, _EXTENDED_16)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, _EXTENDED_64)) + size.to_bytes(8, "big") + payload


def event_frame(name: str, data: Any) -> bytes:
    """A Socket.IO event of the namespace `/`, in an Engine.IO message."""
    return text_frame(b"42" + orjson.dumps([name, data]))


def acknowledgement_frame(packet_id: bytes, answer: Any) -> bytes:
    """The Socket.IO acknowledgement of a call."""
    return text_frame(b"43" + packet_id + orjson.dumps([answer]))


PING = text_frame(b"2")
"""Engine.IO's ping: a text frame, which browsers answer from script, not a websocket ping."""
