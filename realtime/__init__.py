"""realtime: the Socket.IO gateway.  One gateway is one process; nginx spreads the apps over several.

__main__.py       the process: opens, serves, drains
draining.py       its end: calls under way are answered, the apps sent elsewhere in turn
gateway.py        all connections: handshake, presence, their end
connections.py    one of them: its rooms, its limits, what it was found to take part in
calls.py          a call by its name: checks the payload, acknowledges with ok or an error
limits.py         how often a connection and an account call, how many an address opens
admission.py      so many handshakes and joins at a time; the rest comes back later
deadlines.py      an end for calls that take too long
conversations.py  the calls about conversations
rfis.py           the calls about RFI feeds
memberships.py    out of the rooms that an account may no longer be in
rooms.py          a room's members, in order and dense; holes are read from the store
feeds.py          where a room's numbers come from: entries of a conversation, revisions of an RFI
latency.py        how long pushes are on their way
typing.py         who is typing, with an end by itself
activity.py       who does something here, told to their conversations
presence.py       who is shown as active here, with an end by itself
packets.py        calls in Socket.IO packets, also those that cannot be carried out
polling.py        a session by polling: what waits for the next poll, what is posted
polled.py         the HTTP requests of polling sessions
binding.py        a polling session is used by whoever opened it
transport.py      pushes to connections, behind the `Transport` the rest is written against
server.py         python-socketio for handshakes and whatever is rare
clients.py        who is connected: its client manager
websocket/        the websocket transport under it

app ─▶ transport ─▶ calls ─▶ conversations, rfis ─▶ marketplace.actions
                                    │
                                    └▶ rooms ◀─ marketplace.live (Redis)
                                         └────▶ transport ─▶ apps
"""
