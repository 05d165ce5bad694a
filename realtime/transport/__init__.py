"""Socket.IO over websockets and long polling: the only code that imports python-socketio.

python-socketio handles handshakes and rare packets; calls and pushes do not pass through it. Its
sockets, its client manager and the HTTP requests of python-engineio are replaced by ours. That
relies on undocumented names of both libraries; `internals.py` lists each of them.

server.py     python-socketio's server: handshakes and disconnects; routes calls to the dispatcher
clients.py    python-socketio's client manager: which connections exist
pushes.py     pushes to connections, and closing them; implements `realtime.ports.Transport`
packets.py    parses calls out of Socket.IO packets, including calls that must be refused
polling.py    a long-polling session: packets waiting for the next poll, packets posted
polled.py     the HTTP requests of polling sessions
binding.py    binds a polling session to the client that opened it
websocket/    the websocket transport
internals.py  the undocumented names of the libraries that this package uses
"""
