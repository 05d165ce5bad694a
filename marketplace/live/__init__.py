"""The fast path to connected apps: Redis sharded publish/subscribe, one channel per room.

announcer.py    publishes what was committed; hands it to this process's own rooms immediately
subscriber.py   a gateway's subscriptions, and the check that they still receive
publisher.py    many messages to Redis in one round trip
connection.py   a connection to Redis that is written and read in bulk
receiving.py    hands received items to receivers; a failing receiver stops nothing
wire.py         the format: the origin, the kind, then the announcements or signals
contexts.py     the trace contexts of announcements, just before these

    actions ─▶ Announcer ─▶ Publisher ─▶ SPUBLISH room ─▶ Subscriber of each gateway with members
                  └────▶ rooms of the same process

A push is a hint: if nobody is subscribed, Redis silently drops it. The number in the push is what
counts; a gateway that misses one reads it from the store. So the announcer never blocks its caller,
it drops the oldest items while Redis is down, and the subscriber reports when it may have missed
something. A gateway subscribes only to rooms it has members in (Redis 7 or Valkey; SSUBSCRIBE).
"""

from marketplace.live.announcer import Announcer
from marketplace.live.receiving import RECEIVER, LiveItem, Receive
from marketplace.live.subscriber import Subscriber
from marketplace.live.wire import connect, decode, encode

__all__ = [
    "RECEIVER",
    "Announcer",
    "LiveItem",
    "Receive",
    "Subscriber",
    "connect",
    "decode",
    "encode",
]
