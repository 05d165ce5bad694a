"""The fast way to connected apps: Redis sharded publish/subscribe, one channel a room.

announcer.py    publishes what was committed; hands it to this process's own rooms at once
subscriber.py   a gateway's subscriptions, and the proof that they are heard
publisher.py    many messages to Redis in one round trip
connection.py   a connection to Redis, written and read in bulk
receiving.py    what is heard goes to its receiver, whose faults end nothing
wire.py         what travels: the origin, the kind, then the announcements or signals

    actions ─▶ Announcer ─▶ Publisher ─▶ SPUBLISH room ─▶ Subscriber of each gateway with a member there
                  └────▶ rooms of the same process

A push is a hint: Redis drops what nobody listens to, and says nothing.  The number in it is what
counts; a gateway that misses one reads it from the store.  So the announcer never blocks its caller
and drops the oldest when Redis is away, and the subscriber tells when it may have missed something.
A gateway subscribes only to rooms it has members in (Redis 7 or Valkey; SSUBSCRIBE).
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
