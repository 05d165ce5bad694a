"""What travels through Redis: who says it, what kind it is, and one or more of that kind for one room.

    origin (8 letters)   [[name, position, data], …]    announcements
    origin (8 letters)  ␠[[name, position, data], …]    signals that the version before knows
    origin (8 letters)  ![[name, position, data], …]    signals that it does not know

Two versions run side by side during an update (docs/decisions/0027).  The version before tells a
signal from a push by its name alone, and pushes every name that it does not know to apps.  It reads
JSON that begins with a blank, and drops what begins with "!".  A name, a kind, or elements behind the
third that this version does not know come from the version after it: unknown announcements go to
apps, which leave out what they do not know; unknown signals are dropped.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from marketplace.live.receiving import LiveItem
from marketplace.ports import Announcement, Signal, SignalName

ORIGIN_LENGTH = 8
ANNOUNCEMENTS, KNOWN_SIGNALS, NEW_SIGNALS = b"", b" ", b"!"
_FIRST_OF_JSON = b"["
# The signals of the version before, which have no tag when it sends them.
_OF_THE_VERSION_BEFORE = frozenset(
    {SignalName.ACCESS, SignalName.SESSION_ENDED, SignalName.ACTIVITY, SignalName.HEAD}
)
_SIGNALS = {name.value: name for name in SignalName}

_DROPPED = Counter(
    "parley_live_messages_dropped_total",
    "Signals and announcements from Redis that this version does not know or cannot read",
    ["reason"],
)
_UNKNOWN, _UNREADABLE = _DROPPED.labels("unknown_signal"), _DROPPED.labels("unreadable")


def connect(redis_url: str) -> "Redis":
    """A client with bounded time-outs and one quick retry; raises RedisError when Redis is away."""
    return Redis.from_url(
        redis_url,
        socket_connect_timeout=2,
        socket_timeout=3,
        health_check_interval=10,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        max_connections=20,
    )


def kind_of(told: LiveItem) -> bytes:
    """The tag of an announcement or a signal; a message has one kind."""
    if type(told) is Announcement:
        return ANNOUNCEMENTS
    return KNOWN_SIGNALS if told.name in _OF_THE_VERSION_BEFORE else NEW_SIGNALS


def encode(origin: str, told: Sequence[LiveItem]) -> bytes:
    """A message of a room's channel, of one or more of one kind.

    The origin stands first and outside the JSON, so that a process leaves out its own without
    reading further; the room is the channel.
    """
    items = [[each.name, each.position, each.data] for each in told]
    return origin.encode() + kind_of(told[0]) + orjson.dumps(items)


def decode(room: str, message: bytes) -> list[LiveItem]:
    """What a message of a room's channel tells, without what this version cannot use."""
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
    return list(_told(room, items, is_signals=is_signals))


def _told(room: str, items: list[Any], *, is_signals: bool) -> Iterator[LiveItem]:
    for item in items:
        if not _is_readable(item):
            _UNREADABLE.inc()
            continue
        name, position, data = item[:3]
        known = _SIGNALS.get(name)
        if known is not None and (is_signals or known in _OF_THE_VERSION_BEFORE):
            yield Signal(room, known, data, position)
        elif is_signals:
            _UNKNOWN.inc()
        else:
            yield Announcement(room, name, data, position)


def _is_readable(item: Any) -> bool:
    """Whether an item has a name, a position or none, and data; whatever follows is ignored."""
    return (
        type(item) is list
        and len(item) >= 3
        and type(item[0]) is str
        and (item[1] is None or type(item[1]) is int)
        and type(item[2]) is dict
    )
