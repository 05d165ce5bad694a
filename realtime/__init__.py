"""realtime: the Socket.IO gateway. One gateway is one process; nginx spreads connections over them.

__main__.py       the process: open, serve, drain
draining.py       shutdown: finish calls in flight, then close connections in batches
gateway.py        all connections: handshake, presence, termination
connections.py    one connection: its rooms and its limits
access.py         what a connection was found to be allowed, until its access changes
calls.py          dispatches a call by name: validates the payload, acknowledges with ok or an error
limits.py         rate limits per connection and account, connection limits per address
admission.py      bounds concurrent handshakes and joins; the rest get a retry time
deadlines.py      cancels calls that take too long
conversations.py  the calls about conversations
snapshots.py      what joining a conversation returns
rfis.py           the calls about RFI feeds
account_feed.py   the call about the account's feed
memberships.py    removes connections from rooms that their account may no longer see
rooms.py          all rooms: routes what arrives, and compares heads with the store
room.py           delivers to a room's members in order and without gaps, which the store fills
feeds.py          the numbered feed of a room: entries of a conversation, revisions of an RFI, what an
                  account was told
latency.py        measures fan-out latency
typing.py         who is typing; every typing state expires
activity.py       which accounts are active on this gateway, announced to their conversations
presence.py       who is shown as active in the rooms of this gateway; every entry expires
ports.py          the `Transport` protocol: all that the modules above know about transports
transport/        Socket.IO over websockets and long polling; only `__main__.py` imports it

app ─▶ transport ─▶ calls ─▶ conversations, rfis, account_feed ─▶ marketplace.actions
                                    │
                                    └▶ rooms ◀─ marketplace.live (Redis)
                                         └────▶ transport ─▶ apps
"""
