"""A websocket transport built for fan-out; it replaces python-engineio's own.

acceptor.py     an accepted connection: a websocket becomes a session, aiohttp gets anything else
handshake.py    the websocket handshake; `websockets` handles what the fast path does not
session.py      an Engine.IO session on a websocket: calls, pings, closing
incoming.py     incoming frames to text messages; `websockets` handles the rarer kinds
outgoing.py     outgoing frames: batched per turn of the loop, bounded, closed when nobody reads
flush_queue.py  the sessions to flush at the end of a turn of the event loop
frames.py       outgoing frames, built once and written to every recipient
wheel.py        one timer for the pings and time-outs of all connections

loop.create_server ─▶ Acceptor ─┬─▶ WebSocketSession ─┬─▶ server.receive_call  (calls)
                                │                     └─▶ python-socketio      (rare packets)
                                └─▶ aiohttp ─▶ transport/polled.py             (polling, health, …)
"""
