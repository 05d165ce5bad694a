"""The internals of python-engineio, python-socketio and websockets that the transport relies on.

All of it works with the locked versions. When an upgrade moves something, it fails here and not in
production: read what changed, then change `realtime/transport` accordingly.
"""

import ast
import inspect
from types import BuiltinFunctionType, ModuleType

import engineio
import pytest
import socketio
from engineio import async_server, base_server
from socketio import async_manager, base_manager
from socketio import async_server as socketio_server
from socketio import base_server as socketio_base
from websockets.exceptions import PayloadTooBig
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SEND_EOF, Protocol, Side, State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask

from realtime.transport.clients import Clients
from realtime.transport.polling import PollingSession
from realtime.transport.server import GatewayServer, OrJson
from realtime.transport.websocket.session import WebSocketSession

# Methods of python-engineio's server that our sessions never reach: HTTP requests, which we handle
# (`realtime/transport/polled.py`), the monitor, which is off (`monitor_clients`), and user sessions, which
# nothing here has.
NOT_ENTERED = frozenset(
    {"handle_request", "_handle_connect", "_service_task", "get_session", "save_session"}
)
# What python-socketio's server calls on its manager but `Clients` does not override: the set-up
# calls, and what our code never uses, which is the library's own rooms, emitting and call-backs.
HARMLESS = frozenset(
    {
        "set_server", "initialize", "emit", "can_disconnect", "enter_room", "leave_room",
        "close_room", "get_rooms", "trigger_callback", "get_participants",
    }
)  # fmt: skip


def methods(module: ModuleType) -> dict[str, ast.AST]:
    """The methods of a module's classes, by name."""
    tree = ast.parse(inspect.getsource(module))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: node for one in classes for node in one.body if isinstance(node, kinds)}


def attributes_of_sockets(method: ast.AST) -> set[str]:
    """Every X of `socket.X`, `s.X`, `client.X` and `self.sockets[…].X`."""
    found = set[str]()
    for node in ast.walk(method):
        if not isinstance(node, ast.Attribute):
            continue
        of = node.value
        is_name = isinstance(of, ast.Name) and of.id in {"socket", "s", "client"}
        is_item = isinstance(of, ast.Subscript) and ast.unparse(of.value) == "self.sockets"
        if is_name or is_item:
            found.add(node.attr)
    return found


def used_of_sockets() -> set[str]:
    """The attributes of a socket that the Engine.IO server uses in what is reached here."""
    used = set[str]()
    for module in (async_server, base_server):
        for name, method in methods(module).items():
            if name not in NOT_ENTERED:
                used |= attributes_of_sockets(method)
    return used


def test_a_session_has_every_attribute_the_engine_io_server_uses() -> None:
    """A session has every attribute that the installed Engine.IO server uses on a socket."""
    used = used_of_sockets()

    # These were there when this was written; if not, the source is not parsed correctly.
    assert {"send", "close", "closed"} <= used
    for kind in (WebSocketSession, PollingSession):
        assert {name for name in used if not hasattr(kind, name)} == set()


OVERRIDDEN = {
    "_handle_connect": ["self", "eio_sid", "namespace", "data"],
    "_handle_disconnect": ["self", "eio_sid", "namespace", "reason"],
    "_handle_eio_message": ["self", "eio_sid", "data"],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_the_library_calls_every_overridden_method(name: str) -> None:
    """Overridden methods have the library's arguments, and its source calls them."""
    for owner in (socketio.AsyncServer, GatewayServer):
        assert list(inspect.signature(getattr(owner, name)).parameters) == OVERRIDDEN[name]
    source = inspect.getsource(socketio_server) + inspect.getsource(socketio_base)
    assert f"self.{name}" in source


def test_the_librarys_disconnect_handler_has_the_arguments_we_use() -> None:
    """The library's disconnect handler and packet sender have the arguments that we use.

    `lost` calls `_handle_eio_disconnect`; the library's packets come back through `_send_packet`.
    """
    server = socketio.AsyncServer
    ended = list(inspect.signature(server._handle_eio_disconnect).parameters)
    assert ended == ["self", "eio_sid", "reason"]
    assert list(inspect.signature(server._send_packet).parameters) == ["self", "eio_sid", "pkt"]


def test_the_manager_has_every_method_the_socket_io_server_uses() -> None:
    """Every manager method that the library uses is ours or harmless; review a new one first."""
    used = set[str]()
    for module in (socketio_server, socketio_base):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self.manager":
                used.add(node.attr)

    assert {"pre_connect", "connect", "disconnect", "is_connected"} <= used
    assert used - set(vars(Clients)) <= HARMLESS


@pytest.mark.parametrize(
    "name",
    [
        "pre_connect", "connect", "is_connected", "sid_from_eio_sid", "eio_sid_from_sid",
        "pre_disconnect", "disconnect", "get_namespaces",
    ],
)  # fmt: skip
def test_the_managers_methods_have_the_librarys_parameters(name: str) -> None:
    """Our manager's methods have the parameter names of the library's."""
    theirs = list(inspect.signature(getattr(async_manager.AsyncManager, name)).parameters)[:3]
    ours = list(inspect.signature(getattr(Clients, name)).parameters)[:3]
    assert theirs == ours
    assert issubclass(async_manager.AsyncManager, base_manager.BaseManager)


def test_the_server_has_the_parts_we_replace() -> None:
    """The server's ids come from a method, its sessions and requests from dictionaries."""
    server = GatewayServer("gateway")

    assert isinstance(server.eio, engineio.AsyncServer)
    assert server.eio.generate_id().startswith("gateway.")
    assert (server.eio.sockets, server.environ) == ({}, {})


def test_both_libraries_use_our_json_module() -> None:
    """Both libraries use the JSON module that we set, in the whole process."""
    server = GatewayServer("gateway")
    assert server.packet_class.json is OrJson
    assert server.packet_class(encoded_packet='27["a",{"b":1}]').data == ["a", {"b": 1}]
    with pytest.raises(ValueError, match="unexpected"):
        server.packet_class(encoded_packet='2["a",NaN]')


# --- websockets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_the_librarys_mask_works_on_both_types_of_slices(
    kind: type[bytes] | type[bytearray],
) -> None:
    """The library's own C applies a mask to slices of either type, and returns bytes."""
    masked = apply_mask(kind(b"hello"), kind(b"\x01\x02\x03\x04"))

    assert masked == b"igohn"
    assert type(masked) is bytes
    assert isinstance(apply_mask, BuiltinFunctionType)


def test_the_protocol_can_take_over_an_open_connection() -> None:
    """The protocol can start open, with a size limit, and does no input or output itself."""
    protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=10)
    protocol.receive_data(Frame(Opcode.PING, b"x").serialize(mask=True))
    assert protocol.events_received() == [Frame(Opcode.PING, b"x")]
    assert protocol.data_to_send() == [b"\x8a\x01x"]
    assert (protocol.state, protocol.parser_exc) == (State.OPEN, None)

    protocol.receive_data(Frame(Opcode.TEXT, b"x" * 11).serialize(mask=True))

    assert isinstance(protocol.parser_exc, PayloadTooBig)
    assert protocol.state is State.CLOSING
    assert protocol.data_to_send()[-1] == SEND_EOF == b""


def test_a_close_is_serialized_as_a_frame() -> None:
    """A close is written as a frame, with the codes that we use."""
    close = Close(CloseCode.TRY_AGAIN_LATER, "too slow")
    data = Frame(Opcode.CLOSE, close.serialize()).serialize(mask=False)

    assert data == b"\x88\x0a" + (1_013).to_bytes(2, "big") + b"too slow"
    assert Close.parse(close.serialize()) == close


def test_a_handshake_is_answered_without_a_connection() -> None:
    """A handshake is parsed and answered without a connection; one without a key gets a 4xx."""
    lines = ["GET /socket.io/?a=b HTTP/1.1", "Host: parley", "Connection: Upgrade"]
    lines += ["Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    for key, status in (("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 101), ("X: y", 400)):
        server = ServerProtocol()
        server.receive_data("\r\n".join([*lines, key, "", ""]).encode())
        (request,) = server.events_received()
        assert isinstance(request, Request)
        assert request.path == "/socket.io/?a=b"
        assert ("Host", "parley") in list(request.headers.raw_items())
        response = server.accept(request)
        assert response.status_code == status
        server.send_response(response)
        assert b"".join(server.data_to_send()).startswith(b"HTTP/1.1 %d " % status)
        assert ServerProtocol().reject(400, "no").status_code == 400
