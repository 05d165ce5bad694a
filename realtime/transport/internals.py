"""The undocumented names of python-socketio and python-engineio that this package uses.

`tests/realtime/transport/test_internals.py` fails when the code uses another one, or when the installed
libraries no longer have one of these. Before an upgrade, read what changed in each.
"""

# The dotted name of a class or module → its names, called, overridden, replaced or imported.
INTERNALS = {
    "socketio.AsyncServer": (
        "_handle_connect",
        "_handle_disconnect",
        "_handle_eio_disconnect",
        "_handle_eio_message",
        "_send_packet",
        "eio",
        "environ",
        "packet_class",
    ),
    # All overridden but `server`.
    "socketio.AsyncManager": (
        "connect",
        "disconnect",
        "eio_sid_from_sid",
        "get_namespaces",
        "is_connected",
        "pre_connect",
        "pre_disconnect",
        "server",
        "sid_from_eio_sid",
    ),
    "socketio.packet": ("CONNECT_ERROR",),
    "engineio.AsyncServer": (
        "generate_id",
        "max_http_buffer_size",
        "ping_interval",
        "ping_timeout",
        "sockets",
    ),
    # Our sessions are registered as its sockets: this is all that the servers use of one.
    "engineio.async_socket.AsyncSocket": ("close", "closed", "send"),
    "engineio.exceptions": ("SocketIsClosedError",),
    "engineio.packet": ("Packet",),
}
