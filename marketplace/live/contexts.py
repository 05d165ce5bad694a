"""The trace contexts of announcements, in a message of their own just before the announcements.

    origin (8 letters)  ~[traceparent or null, …]    one for each announcement of the next message

The previous version drops a message whose items have more than three elements, and passes all data
on to apps. It drops a message that begins with "~" too, and reads the next one as always.
"""

from collections.abc import Sequence
from dataclasses import replace

import orjson

from marketplace import tracing
from marketplace.live.receiving import LiveItem
from marketplace.live.wire import ORIGIN_LENGTH, decode, encode
from marketplace.ports import Announcement

_TAG = b"~"


def messages(origin: str, items: Sequence[LiveItem]) -> list[bytes]:
    """The message with the items, which are of one kind, after the one with their contexts, if any."""
    encoded = encode(origin, items)
    if not tracing.is_on():
        return [encoded]
    contexts = [item.traceparent if type(item) is Announcement else None for item in items]
    if not any(contexts):
        return [encoded]
    return [origin.encode() + _TAG + orjson.dumps(contexts), encoded]


class Decoder:
    """Decodes messages in the order of their arrival.

    Redis executes the commands of one write together, so contexts are not kept for longer than to
    the next message: at worst a push has no span.
    """

    def __init__(self) -> None:
        self._contexts: tuple[str, bytes] | None = None

    def read(self, room: str, message: bytes) -> list[LiveItem]:
        """The items of a message; none of contexts."""
        if message.startswith(_TAG, ORIGIN_LENGTH):
            self._contexts = room, message
            return []
        items = decode(room, message)
        if self._contexts is None:
            return items
        (room_before, before), self._contexts = self._contexts, None
        if (room_before, before[:ORIGIN_LENGTH]) != (room, message[:ORIGIN_LENGTH]):
            return items
        return _with_contexts(items, before[ORIGIN_LENGTH + 1 :])


def _with_contexts(items: list[LiveItem], encoded: bytes) -> list[LiveItem]:
    try:
        contexts = orjson.loads(encoded)
    except orjson.JSONDecodeError:
        return items
    if type(contexts) is not list or len(contexts) != len(items):
        return items
    return [
        replace(item, traceparent=context)
        if type(item) is Announcement and type(context) is str
        else item
        for item, context in zip(items, contexts, strict=True)
    ]
