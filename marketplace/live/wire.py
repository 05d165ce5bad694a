"""The format of messages through Redis: the origin, the kind, and items of that kind for one room.

    origin (8 letters)   [[name, position, data], …]    announcements
    origin (8 letters)  ␠[[name, position, data], …]    signals that the previous version knows
    origin (8 letters)  ![[name, position, data], …]    signals that it does not know

Two versions run side by side during an update (docs/decisions/0027). The previous version tells a
signal from a push only by its name, and pushes every unknown name to apps. It reads JSON that
begins with a blank, and drops messages that begin with "!". An unknown name or kind, or a fourth
element, comes from the next version: unknown announcements are passed to apps, which ignore what
they do not know; unknown signals are dropped. Trace contexts have a message of their own
(contexts.py).

The pushes of an account's room have their number in the data, and none in the item. The previous
version's rooms of accounts have no feed: a number there would hold a push back for ever.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from marketplace.live.receiving import LiveItem
from marketplace.ports import Announcement, Signal, SignalName, account_room

ORIGIN_LENGTH = 8
ANNOUNCEMENTS, KNOWN_SIGNALS, NEW_SIGNALS = b"", b" ", b"!"
_FIRST_OF_JSON = b"["
_ACCOUNT = account_room("")
# The signals that the previous version knows. It sends them without a tag itself.
_PREVIOUS_VERSION_SIGNALS = frozenset(
    {SignalName.ACCESS, SignalName.SESSION_ENDED, SignalName.ACTIVITY, SignalName.HEAD}
)
_SIGNALS = {name.value: name for name in SignalName}

_DROPPED = Counter(
    "parley_live_messages_dropped_total",
    "Signals from Redis that this version does not know, and messages it cannot parse",
    ["reason"],
)
_UNKNOWN, _UNREADABLE = _DROPPED.labels("unknown_signal"), _DROPPED.labels("unreadable")


def connect(redis_url: str) -> "Redis":
    """A client with bounded time-outs and one quick retry; raises RedisError if Redis is down."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        socket_timeout=3,
        health_check_interval=10,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        max_connections=20,
    )


def kind_of(item: LiveItem) -> bytes:
    """The tag of an announcement or a signal; a message has one kind."""
    if type(item) is Announcement:
        return ANNOUNCEMENTS
    return KNOWN_SIGNALS if item.name in _PREVIOUS_VERSION_SIGNALS else NEW_SIGNALS


def encode(origin: str, items: Sequence[LiveItem]) -> bytes:
    """A message for a room's channel, with one or more items of one kind.

    The origin comes first, outside the JSON, so that a process can skip its own messages without
    parsing; the channel is the room.
    """
    is_account = items[0].room.startswith(_ACCOUNT)
    encoded = [[item.name, None if is_account else item.position, item.data] for item in items]
    return origin.encode() + kind_of(items[0]) + orjson.dumps(encoded)


def decode(room: str, message: bytes) -> list[LiveItem]:
    """The items in a message of a room's channel, without those that this version cannot use."""
    tag, body = message[ORIGIN_LENGTH : ORIGIN_LENGTH + 1], message[ORIGIN_LENGTH:]
    is_signals = tag in (KNOWN_SIGNALS, NEW_SIGNALS)
    try:
        if not is_signals and tag != _FIRST_OF_JSON:
            raise ValueError("no kind that this version knows")
        items = orjson.loads(body[1:] if is_signals else body)
    except ValueError:  # a JSONDecodeError is one
        items = None
    if type(items) is not list:
        _UNREADABLE.inc()
        return []
    return list(_decoded(room, items, is_signals=is_signals))


def _decoded(room: str, items: list[Any], *, is_signals: bool) -> Iterator[LiveItem]:
    for item in items:
        if not _is_readable(item):
            _UNREADABLE.inc()
            continue
        name, position, data = item[:3]
        signal_name = _SIGNALS.get(name)
        if signal_name is not None and (is_signals or signal_name in _PREVIOUS_VERSION_SIGNALS):
            yield Signal(room, signal_name, data, position)
        elif is_signals:
            _UNKNOWN.inc()
        else:
            if position is None and room.startswith(_ACCOUNT):
                position = _number_in(data)
            yield Announcement(room, name, data, position)


def _number_in(data: dict[str, Any]) -> int | None:
    """The number of a push to an account; the previous version's have none."""
    position = data.get("position")
    return position if type(position) is int else None


def _is_readable(item: Any) -> bool:
    """Whether an item has a name, an optional position, and data; further elements are ignored."""
    return (
        type(item) is list
        and len(item) >= 3
        and type(item[0]) is str
        and (item[1] is None or type(item[1]) is int)
        and type(item[2]) is dict
    )
