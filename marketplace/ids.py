"""Opaque ids that sort by creation time, which keeps B-tree inserts at one end."""

from uuid_utils import uuid7


def new_id() -> str:
    """A new id: 32 hexadecimal characters, UUID version 7 (RFC 9562)."""
    return uuid7().hex
