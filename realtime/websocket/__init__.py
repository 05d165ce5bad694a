"""A websocket transport made for fan-out, in the place of python-engineio's.

door.py       an accepted connection: a websocket becomes a session, anything else goes to aiohttp
handshake.py  the websocket's handshake; `websockets` for whatever is not the common one
session.py    an Engine.IO session on a websocket: calls in, pings, its end
incoming.py   incoming frames to text messages; `websockets` for whatever is not the commonest kind
outgoing.py   what goes out: gathered for a turn, bounded, and cut when it is not read
outbox.py     what goes out at the end of a turn of the event loop
frames.py     outgoing frames, built once and written to every recipient
wheel.py      one timer for the pings and time-outs of all connections

loop.create_server ─▶ Door ─▶ Session ─▶ server.receive_call      (calls)
                       │         └─────▶ python-socketio          (handshake, whatever is rare)
                       └────▶ aiohttp ─▶ realtime/polled.py       (polling, health, metrics)
"""
